import { Status } from '#components/ui/status.tsx'
import { issueWords } from '#lib/protocol/issue-words.ts'
import type { Issue } from './send-json.ts'

export type Failure = { message: string; issues: readonly Issue[] }

/** Why a form was refused, place by place; `whole` names the place of what is wrong everywhere. */
export function FormFailure({ failure, whole }: { failure: Failure; whole: string }) {
  return (
    <>
      <Status kind="crit">{failure.message}</Status>
      <ul className="issues">
        {failure.issues.map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            <span className="mono">{path === '' ? whole : path}</span> {issueWords(message)}
          </li>
        ))}
      </ul>
    </>
  )
}
