import { Sparkline } from '#components/charts/sparkline.tsx'
import { formatCount, plural } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { GroupTotals, LetterGroup } from '#lib/application/letter-groups/list-groups.ts'
import { causeText, versionsText } from '#lib/protocol/dead-letter-cause.ts'
import type { Filter } from '#lib/query/field.ts'
import type { LetterKey } from '#lib/query/letter-fields.ts'
import { groupHref, GROUPS_SHOWN_MAX } from './letter-links.ts'
import { hoursLabel, lettersWord } from './group-words.ts'

/** The first pane: the letters that are asked for, by cause. */
export function CauseList({
  groups,
  totals,
  current,
  filter,
  query,
  nowMs,
}: {
  groups: readonly LetterGroup[]
  /** Of all causes, those past `groups` among them. */
  totals: GroupTotals
  current: string | null
  /** What the address asks for. */
  filter: Filter<LetterKey>
  query: string
  nowMs: number
}) {
  return (
    <section className="causes" aria-label="Causes">
      <div className="pane-head">
        <h2>
          {plural(totals.groups, 'cause')}, {formatCount(totals.letters)} {lettersWord(filter)}
        </h2>
        <span className="sub r">by count</span>
      </div>
      <ul>
        {groups.slice(0, GROUPS_SHOWN_MAX).map((group) => (
          <li key={group.id}>
            <Link
              href={groupHref(query, filter, group.id)}
              aria-current={group.id === current ? 'true' : undefined}
              scroll={false}
            >
              <Cause group={group} nowMs={nowMs} />
            </Link>
          </li>
        ))}
      </ul>
      {totals.groups <= GROUPS_SHOWN_MAX ? null : (
        <p className="sub pane-body">
          {formatCount(GROUPS_SHOWN_MAX)} of {plural(totals.groups, 'cause')}, the most frequent
        </p>
      )}
    </section>
  )
}

function Cause({ group, nowMs }: { group: LetterGroup; nowMs: number }) {
  const { byHour, snoozedUntilMs, state } = group
  return (
    <>
      <span className="top">
        <span className="mono">{group.code}</span>
        <b>{formatCount(group.count)}</b>
      </span>
      <span className="says">{group.title ?? causeText(group)}</span>
      <span className="sub">
        {plural(group.devices, 'device')} · {versionsText(group)} · {group.collection}
      </span>
      <span className="by-hour">
        <span className="sub">
          newest <Time at={group.lastAtMs} now={nowMs} />
          <br />
          {state === 'snoozed' ? (
            <Status kind="held">
              snoozed until <Time at={snoozedUntilMs} now={nowMs} show="clock" />
            </Status>
          ) : (
            (group.owner ?? 'nobody yet')
          )}
        </span>
        <Sparkline values={byHour} label={hoursLabel(byHour)} />
      </span>
    </>
  )
}
