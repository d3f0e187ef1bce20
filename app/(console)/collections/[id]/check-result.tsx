import { formatCount, shortId } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { checkLines, type Check } from './check-words.ts'

/** What a publication would refuse: kind by kind, then why, with one of each. */
export function CheckResult({ check }: { check: Check }) {
  return (
    <div className="check" role="status">
      {checkLines(check).map(({ key, kind, text }) => {
        const { reasons } = check[key]
        return (
          <div key={key}>
            <Status kind={kind}>{text}</Status>
            {reasons.length === 0 ? null : (
              <ul className="reasons">
                {reasons.map(({ path, message, count, example }) => (
                  <li key={`${path} ${message}`}>
                    <b>{formatCount(count)}</b> <span className="mono">{path === '' ? '(whole)' : path}</span>{' '}
                    {message} <span className="den">such as </span>
                    <span className="mono den" title={example}>
                      {shortId(example)}
                    </span>
                  </li>
                ))}
              </ul>
            )}
          </div>
        )
      })}
    </div>
  )
}
