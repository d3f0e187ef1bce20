import { formatCount, plural } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { Time } from '#components/ui/time.tsx'
import { CONFLICT_GROUPS_MAX } from '#lib/protocol/limits.ts'
import type { ConflictKey } from '#lib/query/conflict-fields.ts'
import type { Filter } from '#lib/query/field.ts'
import { groupHref, isCurrent, valuesOf, type Group } from './conflict-links.ts'
import { pairWords, placeWords } from './desk-words.ts'

/** The first pane: the conflicts that are asked for by collection, field and pair of app versions. */
export function GroupList({
  groups,
  total,
  filter,
  query,
  nowMs,
}: {
  groups: readonly Group[]
  /** Of all groups, those past `groups` among them. */
  total: number
  filter: Filter<ConflictKey>
  query: string
  nowMs: number
}) {
  return (
    <section className="causes" aria-label="Groups of conflicts">
      <div className="pane-head">
        <h2>{plural(total, 'group')}</h2>
        <span className="sub r">field × versions, by count</span>
      </div>
      <ul>
        {groups.map((group) => {
          const current = isCurrent(filter, group)
          return (
            <li key={Object.values(valuesOf(group)).join('\n')}>
              <Link
                href={groupHref(query, filter, group)}
                aria-current={current ? 'true' : undefined}
                scroll={false}
              >
                <span className="top">
                  <span className="mono">{placeWords(group.place)}</span>
                  <b>{formatCount(group.count)}</b>
                </span>
                <span className="says">
                  {group.collection} · {pairWords(group)}
                </span>
                <span className="sub">
                  {plural(group.devices, 'device')} · oldest{' '}
                  <Time at={group.oldestAtMs} now={nowMs} show="age" />
                  {current ? ' · press to leave this group' : ''}
                </span>
              </Link>
            </li>
          )
        })}
      </ul>
      {total <= CONFLICT_GROUPS_MAX ? null : (
        <p className="sub pane-body">
          {formatCount(CONFLICT_GROUPS_MAX)} of {plural(total, 'group')}, the most frequent
        </p>
      )}
      <p className="sub pane-body">A conflict over two fields is in two groups.</p>
    </section>
  )
}
