import { formatCount, plural } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { Time } from '#components/ui/time.tsx'
import type { BreakerDetail } from '#lib/application/breakers/breaker-detail.ts'
import { isShut } from '#lib/application/breakers/is-shut.ts'
import type { ShownBreaker } from '#lib/application/breakers/list-breakers.ts'
import { WINDOW_SECONDS } from '#lib/application/breakers/terms.ts'
import { breakerHref } from '../breaker-links.ts'
import { titleOfScope } from '../breaker-words.ts'
import { isFresh, isTrip } from '../trip-words.ts'

/** What the verdict of a breaker rests on: when it tripped, what it shed, and whether it is alone. */
export function Evidence({
  detail,
  breakers,
  query,
  nowMs,
}: {
  detail: BreakerDetail
  breakers: readonly ShownBreaker[]
  query: string
  nowMs: number
}) {
  const trip = detail.changes.find((change) => isTrip(change) && isFresh(change))
  const others = breakers.filter((one) => one.scope !== detail.scope)
  const shut = others.filter(isShut)
  const [first] = shut
  return (
    <>
      {trip === undefined ? (
        'It did not trip by itself in the last day.'
      ) : (
        <>
          It last tripped by itself at <Time at={trip.atMs} now={nowMs} show="clock" />.
        </>
      )}{' '}
      {detail.minute.shed === 0
        ? detail.minute.isPart
          ? 'No request that is known of was'
          : 'No request was'
        : plural(detail.minute.shed, 'request was', 'requests were')}{' '}
      shed in the last {WINDOW_SECONDS} s;{' '}
      {first === undefined ? (
        `none of the other ${formatCount(others.length)} scopes is affected.`
      ) : (
        <>
          {shut.length === 1 ? (
            <Link href={breakerHref(query, first.scope)}>{titleOfScope(first.scope)}</Link>
          ) : (
            plural(shut.length, 'other scope')
          )}{' '}
          {shut.length === 1 ? 'keeps' : 'keep'} somebody out too.
        </>
      )}
    </>
  )
}
