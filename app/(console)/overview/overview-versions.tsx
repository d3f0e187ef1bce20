import { Sparkline } from '#components/charts/sparkline.tsx'
import { DataTable } from '#components/table/data-table.tsx'
import type { Column } from '#components/table/table-cells.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount, formatDuration, formatPercent } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { listHref } from './overview-links.ts'
import type { RangeText } from '../pillars/pillar-words.ts'
import { versionPending, versionsSentence } from './version-words.ts'

type Version = OverviewAnswer['versions'][number]

/** How each app version does: the first place to look when something got worse. */
export function OverviewVersions({
  answer,
  words,
  query,
}: {
  answer: OverviewAnswer
  words: RangeText
  query: string
}) {
  return (
    <Section
      title={versionsSentence(answer.versions)}
      note={`${words.label.toLowerCase()}; devices, dead letters and pending age now`}
    >
      <DataTable
        label="App versions"
        columns={columns(answer)}
        rows={answer.versions}
        rowKey={(row) => row.appVersion}
        rowHref={(row) => listHref('/devices', query, { version: row.appVersion })}
        empty={<EmptyState title="No device has told its app version" />}
      />
    </Section>
  )
}

function columns({ devices, limits, breakers }: OverviewAnswer): readonly Column<Version>[] {
  const shut = new Map(
    breakers.notClosed.filter(({ isShut }) => isShut).map((breaker) => [breaker.appVersion, breaker]),
  )
  const heldBack = (appVersion: string) => {
    const breaker = shut.get(appVersion)
    if (breaker === undefined) return null
    return breaker.held === null ? <Status kind="crit">shut out</Status> : <Status kind="held">held</Status>
  }
  return [
    {
      key: 'version',
      header: 'App version',
      cell: (row) => (
        <>
          <b>{row.appVersion}</b> {heldBack(row.appVersion)}
        </>
      ),
    },
    {
      key: 'devices',
      header: 'Devices',
      align: 'end',
      cell: (row) => (
        <>
          {formatCount(row.devices)} <span className="den">{share(row.devices, devices.total)}</span>
        </>
      ),
    },
    {
      key: 'lag',
      header: 'Upload lag p95',
      align: 'end',
      hideOnPhone: true,
      cell: (row) => overLimit(row.uploadLagP95Ms, limits.lagWarnMs, 'no sample'),
    },
    {
      key: 'conflicts',
      header: 'Conflicts',
      align: 'end',
      hideOnPhone: true,
      cell: (row) => rate(row.conflicts, 'pushed'),
    },
    {
      key: 'failures',
      header: 'Failures',
      align: 'end',
      hideOnPhone: true,
      cell: (row) => rate(row.failures, 'requests'),
    },
    {
      key: 'dead',
      header: 'Dead letters',
      align: 'end',
      cell: (row) => <b>{formatCount(row.deadLetters)}</b>,
    },
    {
      key: 'pending',
      header: 'Pending age p95',
      align: 'end',
      cell: (row) => {
        const { ms, atLeast } = versionPending(row)
        return (
          <>
            {atLeast ? '≥ ' : null}
            {overLimit(ms, limits.oldestWarnMs, 'none waits')}
          </>
        )
      },
    },
    {
      key: 'hours',
      header: '24 h, peak per hour',
      align: 'end',
      hideOnPhone: true,
      cell: (row) => <DeadLetterHours hours={row.deadLettersByHour} />,
    },
  ]
}

/** The rows have different scales, so each says its peak. */
function DeadLetterHours({ hours }: { hours: Version['deadLettersByHour'] }) {
  const peak = Math.max(0, ...hours.map((count) => count ?? 0))
  return (
    <span className="spark-cell">
      <span className="den">{formatCount(peak)}/h</span>
      <Sparkline values={hours} label={`Dead letters per hour over 24 h, peak ${formatCount(peak)}`} />
    </span>
  )
}

function overLimit(ms: number | null, limitMs: number, missing: string) {
  if (ms === null) return <span className="den">{missing}</span>
  return ms > limitMs ? <Status kind="warn">{formatDuration(ms)}</Status> : formatDuration(ms)
}

function rate({ part, whole, rate: ratio }: Version['conflicts'], noun: string) {
  if (ratio === null) return <span className="den">{`${formatCount(whole)} ${noun}`}</span>
  return (
    <>
      {formatPercent(ratio)} <span className="den">{`${formatCount(part)} / ${formatCount(whole)}`}</span>
    </>
  )
}

const share = (count: number, total: number): string =>
  total === 0 ? '' : `${((count / total) * 100).toFixed(1)} %`
