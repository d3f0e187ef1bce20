import { StateLanes } from '#components/charts/state-lanes.tsx'
import { DataTable } from '#components/table/data-table.tsx'
import { formatCount, formatDuration, formatPercent, plural, shortId } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import type { BreakerDetail } from '#lib/application/breakers/breaker-detail.ts'
import { deviceHref, momentHref } from '../breaker-links.ts'
import { causesOf } from '../breaker-words.ts'
import { isFresh, isTrip, shareOfTrip, type Tripped } from '../trip-words.ts'

type Props = { breaker: BreakerDetail; path: string; query: string; nowMs: number }

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MINUTE_MS = 60_000
const TRIPS_MAX = 10

/** What states it went through in each process, and what made it trip. */
export function TripsPart({ breaker, path, query, nowMs }: Props) {
  const { changes, processes } = breaker
  const trips = changes.filter(isTrip)
  const nameOf = (id: string): string =>
    processes.find((one) => one.id === id)?.name ?? `${shortId(id)}, gone`
  const recent = changes.filter(({ atMs }) => atMs > nowMs - HOUR_MS)
  const oldestMs = recent.at(-1)?.atMs
  const fromMs =
    oldestMs === undefined ? nowMs - DAY_MS : oldestMs - Math.max(MINUTE_MS, (nowMs - oldestMs) / 10)
  return (
    <Section
      title={tripsTitle(trips, changes.length)}
      note={
        changes.length === 0
          ? 'last 24 h'
          : oldestMs === undefined
            ? 'states, last 24 h'
            : 'states, last hour'
      }
    >
      {changes.length === 0 ? (
        <p className="sub">It stayed closed in every process that told of it.</p>
      ) : (
        <StateLanes
          label="States of the breaker in each process"
          fromMs={fromMs}
          toMs={nowMs}
          changes={changes.map(({ processId, atMs, before, after }) => ({
            lane: nameOf(processId),
            atMs,
            before,
            after,
          }))}
        />
      )}
      {trips.length === 0 ? null : (
        <DataTable
          label="Trips, newest first"
          columns={[
            {
              key: 'at',
              header: 'Tripped',
              cell: ({ atMs }) => (
                <Link href={momentHref(path, query, atMs)} scroll={false}>
                  <Time at={atMs} now={nowMs} show="clock" />
                </Link>
              ),
            },
            {
              key: 'process',
              header: 'Process',
              hideOnPhone: true,
              cell: ({ processId }) => <span className="mono">{nameOf(processId)}</span>,
            },
            {
              key: 'share',
              header: 'Failed',
              align: 'end',
              cell: (trip) => <Failed trip={trip} settings={breaker.settings} />,
            },
            {
              key: 'wait',
              header: 'Shut for',
              align: 'end',
              hideOnPhone: true,
              cell: ({ trip }) => formatDuration(trip.openMs),
            },
            { key: 'cause', header: 'Cause', cell: ({ trip }) => causesOf(trip.bad) },
          ]}
          rows={trips.slice(0, TRIPS_MAX)}
          rowKey={({ id }) => id}
          empty={null}
        />
      )}
    </Section>
  )
}

/** The calls that made it trip, each with its device. */
export function BadCallsPart({ trip, query, nowMs }: { trip: Tripped; query: string; nowMs: number }) {
  const { bad, failures, slow } = trip.trip
  if (bad.length === 0) return null
  return (
    <Section
      title="The requests behind it"
      note={`${plural(bad.length, 'newest one', 'newest ones')} of ${formatCount(failures + slow)} failed or slow`}
    >
      <DataTable
        label="Requests behind the trip"
        columns={[
          { key: 'at', header: 'Ended', cell: ({ atMs }) => <Time at={atMs} now={nowMs} show="exact" /> },
          { key: 'what', header: 'What became of it', cell: ({ cause }) => cause },
          { key: 'ms', header: 'Took', align: 'end', cell: ({ ms }) => formatDuration(ms) },
          {
            key: 'device',
            header: 'Device',
            cell: ({ deviceId }) =>
              deviceId === null ? (
                <span className="den">not known</span>
              ) : (
                <Link className="mono" href={deviceHref(query, deviceId)}>
                  {shortId(deviceId)}
                </Link>
              ),
          },
        ]}
        rows={bad.toReversed()}
        rowKey={(one) => `${one.atMs} ${one.deviceId} ${bad.indexOf(one)}`}
        empty={null}
      />
    </Section>
  )
}

function Failed({ trip, settings }: { trip: Tripped; settings: BreakerDetail['settings'] }) {
  if (!isFresh(trip)) return <span className="den">a trial</span>
  const { calls, part, what } = shareOfTrip(trip, settings)
  return (
    <>
      {formatPercent(part / calls)}{' '}
      <span className="den">
        of {formatCount(calls)}
        {what === 'failed' ? '' : ' slow'}
      </span>
    </>
  )
}

function tripsTitle(trips: readonly Tripped[], changes: number): string {
  const fresh = trips.filter(isFresh).length
  const again = trips.length - fresh
  if (trips.length === 0)
    return changes === 0 ? 'It did not change in the last day' : 'It did not trip by itself in the last day'
  const failed = again === 0 ? '' : `; ${plural(again, 'trial')} failed`
  return `It tripped ${fresh === 1 ? 'once' : `${formatCount(fresh)} times`} in the last day${failed}`
}
