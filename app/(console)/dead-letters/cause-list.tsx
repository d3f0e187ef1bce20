import { formatCount, plural } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { Time } from '#components/ui/time.tsx'
import { causeText, isSameCause, type CauseKey } from '#lib/protocol/dead-letter-cause.ts'
import type { CauseTotals } from '#lib/application/dead-letters/list-causes.ts'
import { CAUSES_SHOWN_MAX, causeHref, type CauseGroup } from './causes.ts'

/** The first pane: open letters by cause. */
export function CauseList({
  groups,
  totals,
  current,
  query,
  nowMs,
}: {
  groups: readonly CauseGroup[]
  /** Of all causes, those past `groups` among them. */
  totals: CauseTotals
  current: CauseKey | null
  query: string
  nowMs: number
}) {
  return (
    <section className="causes" aria-label="Causes">
      <div className="pane-head">
        <h2>
          {plural(totals.causes, 'cause')}, {formatCount(totals.letters)} open
        </h2>
        <span className="sub r">by count</span>
      </div>
      <ul>
        {groups.slice(0, CAUSES_SHOWN_MAX).map((group) => (
          <li key={`${group.code} ${group.appVersion} ${group.collection} ${group.path}`}>
            <Link
              href={causeHref(openOnly(query), group)}
              aria-current={current !== null && isSameCause(group, current) ? 'true' : undefined}
              scroll={false}
            >
              <span className="top">
                <span className="mono">{group.code}</span>
                <b>{formatCount(group.count)}</b>
              </span>
              <span className="says">{causeText(group)}</span>
              <span className="sub">
                {plural(group.devices, 'device')} · {group.appVersion} · {group.collection}
              </span>
              <span className="sub">
                newest <Time at={group.newestAtMs} now={nowMs} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {totals.causes <= CAUSES_SHOWN_MAX ? null : (
        <p className="sub">
          {formatCount(CAUSES_SHOWN_MAX)} of {plural(totals.causes, 'cause')}, the most frequent
        </p>
      )}
    </section>
  )
}

/** Groups hold open letters; another status chosen in the list does not carry over. */
function openOnly(query: string): string {
  const params = new URLSearchParams(query)
  params.delete('status')
  return params.toString()
}
