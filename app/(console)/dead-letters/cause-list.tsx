import { formatCount, plural } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { Time } from '#components/ui/time.tsx'
import type { GroupTotals, LetterGroup } from '#lib/application/letter-groups/list-groups.ts'
import { causeText, versionsText } from '#lib/protocol/dead-letter-cause.ts'
import { GROUPS_SHOWN_MAX, lettersHref } from './letter-links.ts'

/** The first pane: open letters by cause. */
export function CauseList({
  groups,
  totals,
  current,
  query,
  nowMs,
}: {
  groups: readonly LetterGroup[]
  /** Of all causes, those past `groups` among them. */
  totals: GroupTotals
  current: string | null
  query: string
  nowMs: number
}) {
  return (
    <section className="causes" aria-label="Causes">
      <div className="pane-head">
        <h2>
          {plural(totals.groups, 'cause')}, {formatCount(totals.letters)} open
        </h2>
        <span className="sub r">by count</span>
      </div>
      <ul>
        {groups.slice(0, GROUPS_SHOWN_MAX).map((group) => (
          <li key={group.id}>
            <Link
              href={lettersHref(query, { groupId: group.id })}
              aria-current={group.id === current ? 'true' : undefined}
              scroll={false}
            >
              <span className="top">
                <span className="mono">{group.code}</span>
                <b>{formatCount(group.count)}</b>
              </span>
              <span className="says">{group.title ?? causeText(group)}</span>
              <span className="sub">
                {plural(group.devices, 'device')} · {versionsText(group)} · {group.collection}
              </span>
              <span className="sub">
                newest <Time at={group.lastAtMs} now={nowMs} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {totals.groups <= GROUPS_SHOWN_MAX ? null : (
        <p className="sub">
          {formatCount(GROUPS_SHOWN_MAX)} of {plural(totals.groups, 'cause')}, the most frequent
        </p>
      )}
    </section>
  )
}
