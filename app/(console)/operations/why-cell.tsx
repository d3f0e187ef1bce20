import { fieldName } from '#lib/protocol/field-name.ts'
import { issueWords } from '#lib/protocol/issue-words.ts'

interface Reason {
  readonly code: string | null
  /** A JSON Pointer, or a rule's id; left out where nobody kept it. */
  readonly path?: string | null
  readonly detail: string | null
}

/** Why a letter came, or would come, to its outcome: the code, the place, and what was said of it. */
export function WhyCell(reason: Reason) {
  const { code } = reason
  return (
    <span className="sub">
      {code === null ? null : <span className="mono">{code}</span>} <WhyWords {...reason} />
    </span>
  )
}

/** The same without the code. What is said of a broken rule names it already. */
export function WhyWords({ code, path = null, detail }: Reason) {
  return (
    <>
      {path === null || code === 'rule_violation' ? null : (
        <b className="mono">{path === '' ? '(the whole record)' : fieldName(path)}</b>
      )}{' '}
      {detail === null ? null : issueWords(detail)}
    </>
  )
}
