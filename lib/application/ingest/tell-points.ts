import { TOLD_SERIES_MAX } from '#lib/protocol/limits.ts'
import type { IngestKey, ToldSeries } from '#lib/storage/ports.ts'
import type { IngestSignal, TelemetryEvent } from '#lib/telemetry/events.ts'
import { advance } from '#lib/telemetry/told/advance.ts'
import type { PointsRead, ToldPoint } from '#lib/telemetry/told/point.ts'
import type { Context } from '../context.ts'
import { derivedId } from './derived-id.ts'
import type { ExportOutcome } from './ingest-traces.ts'
import { noteIngested } from './note-ingested.ts'
import { AGE_MAX_MS } from './store-foreign-sessions.ts'
import { ToldEvents } from './told-events.ts'

/** A clock may be ahead by this much; what is later still would shut its series for good. */
const AHEAD_MAX_MS = 3_600_000

/** Who tells: a key's holder, or a place that the server asks. */
export type Teller = Pick<IngestKey, 'fleetId' | 'source'>

/**
 * Figures of another engine, into the events that charts are made of. Running counts are held against what was told
 * before; a point that isn't newer than that has no effect, so an export can be sent again.
 */
export async function tellPoints(
  ctx: Context,
  { fleetId, source }: Teller,
  read: PointsRead,
  signal: IngestSignal,
): Promise<ExportOutcome> {
  const nowMs = ctx.clock.now()
  const reasons = read.reason === null ? [] : [read.reason]
  const good = read.points.filter(({ atMs }) => {
    const problem = problemOf(atMs, nowMs)
    if (problem !== null) reasons.push(problem)
    return problem === null
  })
  const idOf = (point: ToldPoint): string => derivedId(fleetId, source, 'series', point.series)
  const points = good.map((point) => ({ point, id: idOf(point) })).sort((a, b) => a.point.atMs - b.point.atMs)
  let [stored, left] = [0, 0]
  const work = (known: ReadonlyMap<string, ToldSeries>, room: number) => {
    ;[stored, left] = [0, 0]
    const series = new Map(known)
    const changed = new Map<string, ToldSeries>()
    const told = new ToldEvents(source)
    for (const { point, id } of points) {
      if (!series.has(id) && series.size - known.size >= room) {
        left += 1
        continue
      }
      const next = advance(series.get(id), point, { id, source, heardMs: nowMs })
      if (next === null) continue
      series.set(id, next.series)
      changed.set(id, next.series)
      stored += 1
      if (next.gain !== null) told.add(livePoint(ctx, fleetId, point), next.gain, Math.min(point.atMs, nowMs))
    }
    const events: TelemetryEvent[] = told.all().map((event) => ({ ...event, id: ctx.ids() }))
    return { series: [...changed.values()], events }
  }
  const ids = [...new Set(points.map(({ id }) => id))]
  if (ids.length > 0) await ctx.storage.ingest.moveSeries(fleetId, ids, TOLD_SERIES_MAX, work)
  if (left > 0) reasons.push(`a fleet has at most ${TOLD_SERIES_MAX} series of other engines`)
  const rejected = read.rejected + read.points.length - good.length + left
  const outcomes = { stored, duplicate: good.length - stored - left, refused: rejected }
  await noteIngested(ctx, { fleetId, source }, signal, outcomes)
  return { rejected, reason: reasons[0] ?? null }
}

function problemOf(atMs: number, nowMs: number): string | null {
  if (atMs > nowMs + AHEAD_MAX_MS) return 'the time of a data point is more than an hour ahead'
  return atMs < nowMs - AGE_MAX_MS ? 'the time of a data point is more than 35 days ago' : null
}

/** A hundred app versions of a fleet are told apart. */
const livePoint = (ctx: Context, fleetId: string, point: ToldPoint): ToldPoint =>
  point.appVersion === null
    ? point
    : { ...point, appVersion: ctx.requests.liveVersion(fleetId, point.appVersion) }
