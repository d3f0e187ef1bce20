import { sumOf } from '#lib/rollups/aggregate.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { TIER_MS } from '#lib/rollups/bucket.ts'
import { COUNTER } from '#lib/rollups/counters.ts'
import type { IngestResult, IngestSignal, SourceGaugesEvent } from '#lib/telemetry/events.ts'
import { INGEST_RESULTS, INGEST_SIGNALS } from '#lib/telemetry/events.ts'
import { sourceGauges } from '#lib/telemetry/told/source-gauges.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { readBuckets } from '../pillars/read-buckets.ts'
import { GAUGE_STANDS_MS } from '../telemetry/snapshot-gauges.ts'

const DAY_MS = 86_400_000
const TOTALS = { split: 'total', parts: ['counters'] } as const
const MINUTES_LOOKED_AT_MS = 2 * TIER_MS.hour

const wholeUnits = (fromMs: number, toMs: number, stepMs: number) => ({
  fromMs: Math.floor(fromMs / stepMs) * stepMs,
  toMs: Math.ceil(toMs / stepMs) * stepMs,
  stepMs,
})

/** One engine of others, as far as it tells of itself. */
export interface SourceView {
  readonly source: string
  /** Ways in that are live: keys, and pages that are asked. */
  readonly keys: number
  readonly targets: number
  /** Start of the minute, of the hour where that is over for long, in which something came; null when nothing did for a day. */
  readonly lastHeardMs: number | null
  /** Of the last 24 hours, by the ways that were used. */
  readonly day: readonly ({ readonly signal: IngestSignal } & Readonly<Record<IngestResult, number>>)[]
  /** What stands now; null where it tells none. */
  readonly figures: Omit<SourceGaugesEvent, 'kind' | 'source'> | null
}

/** GET /sources: the engines of others that tell of a fleet, by name. @throws ApplicationError `forbidden` */
export async function listSources(
  ctx: Pick<Context, 'storage' | 'clock'>,
  { actor, fleetId }: { readonly actor: Actor; readonly fleetId: string },
): Promise<readonly SourceView[]> {
  authorize(actor, fleetId, 'viewer')
  const { telemetry, ingest } = ctx.storage
  const nowMs = ctx.clock.now()
  const toMs = nowMs + TIER_MS.minute
  const [hours, minutes, keys, targets, series] = await Promise.all([
    readBuckets(telemetry, fleetId, wholeUnits(nowMs - DAY_MS, toMs, TIER_MS.hour), TOTALS),
    readBuckets(telemetry, fleetId, wholeUnits(nowMs - MINUTES_LOOKED_AT_MS, toMs, TIER_MS.minute), TOTALS),
    ingest.listKeys(fleetId),
    ingest.targets(fleetId),
    ingest.gauges(fleetId, nowMs - GAUGE_STANDS_MS),
  ])
  const live = keys.filter(
    ({ revokedAtMs, expiresAtMs }) => revokedAtMs === null && (expiresAtMs === null || expiresAtMs > nowMs),
  )
  const standing = sourceGauges(series)
  const told = [...hours, ...minutes].flatMap(({ key }) => key.source ?? [])
  const names = new Set([...told, ...[...live, ...targets, ...standing].map(({ source }) => source)])
  return [...names].sort().map((source) => {
    const [ofDay, ofLate] = [hours, minutes].map((all) => all.filter(({ key }) => key.source === source))
    return {
      source,
      keys: live.filter((key) => key.source === source).length,
      targets: targets.filter((target) => target.source === source).length,
      lastHeardMs: lastOf(ofLate ?? []) ?? lastOf(ofDay ?? []),
      day: INGEST_SIGNALS.map((signal) => ({ signal, ...countsOf(ofDay ?? [], signal) })).filter((counts) =>
        INGEST_RESULTS.some((result) => counts[result] > 0),
      ),
      figures: figuresOf(standing.find((one) => one.source === source)),
    }
  })
}

function countsOf(buckets: readonly Bucket[], signal: IngestSignal): Record<IngestResult, number> {
  const sum = (result: IngestResult): number => sumOf(buckets, COUNTER.ingested(signal, result))
  return { stored: sum('stored'), duplicate: sum('duplicate'), refused: sum('refused') }
}

/** A snapshot of figures is made here, whether anything comes or not. */
function lastOf(buckets: readonly Bucket[]): number | null {
  const heard = buckets.filter(({ counters }) =>
    Object.keys(counters).some((name) => name.startsWith('ingested:')),
  )
  return heard.reduce<number | null>((last, { key }) => Math.max(last ?? 0, key.startMs), null)
}

function figuresOf(told: SourceGaugesEvent | undefined): SourceView['figures'] {
  if (told === undefined) return null
  const { kind: _kind, source: _source, ...figures } = told
  return figures
}
