import { sumOf } from '#lib/rollups/aggregate.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { TIER_MS } from '#lib/rollups/bucket.ts'
import { COUNTER } from '#lib/rollups/counters.ts'
import { fleetNow } from '#lib/telemetry/fleet-now.ts'
import type { DeadLettersNow, Overview } from '#lib/telemetry/overview.ts'
import { LETTER_GROUPS_MAX, type LetterGroups } from '#lib/telemetry/letter-groups.ts'
import { asks } from '#lib/query/letter-fields.ts'
import type { Verdict } from '#lib/telemetry/trouble.ts'
import { verdictOf } from '#lib/telemetry/verdict.ts'
import { incidentsNow } from '#lib/application/alerts/incidents-now.ts'
import { breakersNow, shutOutOf } from '#lib/application/breakers/breakers-now.ts'
import type { BreakersContext } from '#lib/application/breakers/list-breakers.ts'
import { annotationsIn } from './annotations.ts'
import { collectionRows } from './collection-rows.ts'
import { CONFLICTS } from './conflicts.ts'
import { FAILURES } from './failures.ts'
import { LAG } from './lag.ts'
import { answerFrom, limitsOf, shareOf } from './pillar.ts'
import { QUEUE } from './queue.ts'
import { transitionRates } from './transition-rates.ts'
import { SPARKLINE_HOURS, versionRows } from './version-rows.ts'
import type { RangeQuery } from './window.ts'
import { readBuckets } from './read-buckets.ts'
import { readWhole, readWindow } from './window.ts'

const CAUSES_MAX = 10

export interface OverviewAnswer extends Overview {
  readonly verdict: Verdict
}

/** Everything the Overview page shows, read together so that its figures agree. */
export async function overview(ctx: BreakersContext, query: RangeQuery): Promise<OverviewAnswer> {
  const { storage } = ctx
  const { fleetId } = query
  const nowMs = ctx.clock.now()
  const fleet = await storage.fleets.get(fleetId)
  const [window, versions, annotations, now, letters, hours, rates, collections, breakers, incidents] =
    await Promise.all([
      readWindow(ctx, query, { split: 'total' }),
      readWhole(ctx, query, { split: 'version', parts: ['counters', 'sketches'] }),
      annotationsIn(ctx, query),
      fleet === null
        ? fleetNow([], nowMs, 0)
        : storage.devices.now(fleetId, nowMs, fleet.settings.intervalMs),
      storage.letterGroups.list(fleetId, { conditions: [asks('status', 'open')], nowMs }, LETTER_GROUPS_MAX),
      lastHours(ctx, fleetId, nowMs),
      transitionRates(ctx, fleetId, nowMs),
      storage.collections.list(fleetId),
      breakersNow(ctx, fleetId),
      incidentsNow(ctx, fleetId),
    ])
  const limits = limitsOf(fleet, collections)
  const byVersion = versionRows(now.versions, versions.buckets, hours, letters.byVersion)
  const figures: Overview = {
    fleetId,
    asOf: window.asOf,
    limits: limits.whole,
    lag: answerFrom(window, LAG, limits),
    conflicts: answerFrom(window, CONFLICTS, limits),
    failures: answerFrom(window, FAILURES, limits),
    queue: answerFrom(window, QUEUE, limits),
    annotations,
    devices: now.devices,
    transitionRates: rates,
    collections: collectionRows(collections, window.buckets, limits),
    versions: byVersion,
    deadLetters: deadLettersNow(letters, window.buckets),
    breakers: { ...breakers, shutOut: shutOutOf(breakers, now.devices, byVersion) },
    incidents,
  }
  return { ...figures, verdict: verdictOf(figures) }
}

/** The last 24 hours by the hour, the running one included; one list of buckets an hour. */
async function lastHours(
  ctx: Pick<BreakersContext, 'storage'>,
  fleetId: string,
  nowMs: number,
): Promise<readonly (readonly Bucket[])[]> {
  const endMs = (Math.floor(nowMs / TIER_MS.hour) + 1) * TIER_MS.hour
  const startMs = endMs - SPARKLINE_HOURS * TIER_MS.hour
  const range = { fromMs: startMs, toMs: endMs, stepMs: TIER_MS.hour }
  const wanted = { split: 'version', parts: ['counters'] } as const
  const buckets = await readBuckets(ctx.storage.telemetry, fleetId, range, wanted)
  const hours: Bucket[][] = Array.from({ length: SPARKLINE_HOURS }, () => [])
  for (const bucket of buckets) hours[(bucket.key.startMs - startMs) / TIER_MS.hour]?.push(bucket)
  return hours
}

function deadLettersNow({ groups, totals }: LetterGroups, buckets: readonly Bucket[]): DeadLettersNow {
  return {
    open: totals.letters,
    inRange: shareOf(sumOf(buckets, COUNTER.mutations('dead_lettered')), sumOf(buckets, COUNTER.pushed)),
    causes: groups.slice(0, CAUSES_MAX),
    causesLeftOut: Math.max(0, totals.groups - CAUSES_MAX),
  }
}
