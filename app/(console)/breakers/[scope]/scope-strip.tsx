import { formatCount } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { StatusShape } from '#components/ui/status.tsx'
import type { ShownBreaker } from '#lib/application/breakers/list-breakers.ts'
import { breakerHref } from '../breaker-links.ts'
import { kindOfBreaker, shortState, stripOf, titleOfScope } from '../breaker-words.ts'

/** All breakers of the fleet beside each other; what is shut stands out wherever one looks. */
export function ScopeStrip({
  breakers,
  current,
  query,
}: {
  breakers: readonly ShownBreaker[]
  current: string
  query: string
}) {
  const shown = stripOf(breakers, current)
  const rest = breakers.length - shown.length
  return (
    <nav className="scopes" aria-label="Breakers">
      {shown.map((breaker) => (
        <Link
          key={breaker.scope}
          href={breakerHref(query, breaker.scope)}
          aria-current={breaker.scope === current ? 'page' : undefined}
        >
          <b>
            <StatusShape kind={kindOfBreaker(breaker)} />
            {titleOfScope(breaker.scope)}
          </b>{' '}
          <span>{shortState(breaker)}</span>
        </Link>
      ))}
      {rest === 0 ? null : (
        <Link href={carryShared('/breakers', query)}>
          <b>All {formatCount(breakers.length)}</b> <span>{formatCount(rest)} more</span>
        </Link>
      )}
    </nav>
  )
}
