import { issueWords } from '#lib/protocol/issue-words.ts'

/** Why a letter came, or would come, to its outcome: the code and what was said of it. */
export function WhyCell({ code, detail }: { code: string | null; detail: string | null }) {
  return (
    <span className="sub">
      {code === null ? null : <span className="mono">{code}</span>}{' '}
      {detail === null ? null : issueWords(detail)}
    </span>
  )
}
