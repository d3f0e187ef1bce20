import { BarChart } from '#components/charts/bar-chart.tsx'
import type { Mark } from '#components/charts/prepare.ts'
import { plural } from '#components/ui/format.ts'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { LetterGroup } from '#lib/application/letter-groups/list-groups.ts'
import type { MergedCause } from '#lib/application/letter-groups/merged-causes.ts'
import { causeText } from '#lib/protocol/dead-letter-cause.ts'
import { GroupActs, type GroupActsProps } from './group-acts.tsx'
import { arrivalSentence, groupHours, lastReplayWords, mergedLabel, versionShares } from './group-words.ts'
import { marksLegend } from '../pillars/mark-words.ts'
import { outcomeKind } from './letter-words.ts'

/** What is known of one cause, and what people said of it. */
export function GroupPanel({
  group,
  merged,
  marks,
  nowMs,
  ...acts
}: {
  group: LetterGroup
  /** The groups that were merged into it. */
  merged: readonly MergedCause[]
  /** What was done to the fleet in the day of the chart. */
  marks: readonly Mark[]
  nowMs: number
} & Pick<GroupActsProps, 'fleetId' | 'role' | 'others'>) {
  const { lastReplay } = group
  const legend = marksLegend(marks)
  return (
    <section className="group" aria-label="This cause">
      <h2>{group.title ?? causeText(group)}</h2>
      <p className="sub">
        {group.title === null ? null : `${causeText(group)} · `}
        <span className="mono">{group.code}</span> on {group.collection} · {plural(group.devices, 'device')} ·
        first <Time at={group.firstAtMs} now={nowMs} show="age" />, last{' '}
        <Time at={group.lastAtMs} now={nowMs} show="age" />
      </p>
      <p className="arrival">{arrivalSentence(group)}</p>
      <BarChart
        label="Letters of this cause per hour over 24 h"
        name="dead letters"
        height={48}
        {...groupHours(group.byHour, nowMs)}
        marks={marks}
      />
      {legend === null ? null : <p className="sub">{legend}</p>}
      <KeyValue
        align="start"
        items={[
          { key: 'App versions', value: versionShares(group) },
          {
            key: 'Last replay',
            value:
              lastReplay === null ? (
                <span className="den">never</span>
              ) : (
                <>
                  <Status kind={outcomeKind(lastReplay.status)}>{lastReplayWords(group)}</Status>{' '}
                  <Time at={lastReplay.atMs} now={nowMs} show="age" />
                </>
              ),
          },
          { key: 'Owner', value: group.owner ?? <span className="den">nobody yet</span> },
          {
            key: 'Snooze',
            value:
              group.snoozedUntilMs !== null && group.snoozedUntilMs > nowMs ? (
                <Status kind="held">
                  until <Time at={group.snoozedUntilMs} now={nowMs} show="moment" />
                </Status>
              ) : (
                <span className="den">none</span>
              ),
          },
          {
            key: 'Note',
            value:
              group.note === '' ? (
                <span className="den">none</span>
              ) : (
                <span className="said">{group.note}</span>
              ),
          },
        ]}
      />
      <GroupActs
        key={`${group.id} ${group.version}`}
        group={{
          id: group.id,
          version: group.version,
          title: group.title,
          note: group.note,
          owner: group.owner,
          isSnoozed: group.snoozedUntilMs !== null && group.snoozedUntilMs > nowMs,
          byHand: group.byHand,
          merged: merged.map((one) => ({ id: one.id, label: mergedLabel(one) })),
          says: group.title ?? causeText(group),
        }}
        {...acts}
      />
    </section>
  )
}
