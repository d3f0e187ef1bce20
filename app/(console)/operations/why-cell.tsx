import { fieldName } from '#lib/protocol/field-name.ts'
import { issueWords } from '#lib/protocol/issue-words.ts'

/**
 * Why a letter came, or would come, to its outcome: the code, the place, and what was said of it. What is said of a broken
 * rule names it already.
 */
export function WhyCell({
  code,
  path = null,
  detail,
}: {
  code: string | null
  path?: string | null
  detail: string | null
}) {
  const place = code === 'rule_violation' ? null : path
  return (
    <span className="sub">
      {code === null ? null : <span className="mono">{code}</span>}{' '}
      {place === null ? null : (
        <>
          <b className="mono">{place === '' ? '(the whole record)' : fieldName(place)}</b>{' '}
        </>
      )}
      {detail === null ? null : issueWords(detail)}
    </span>
  )
}
