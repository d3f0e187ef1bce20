import { quantileOf } from '#lib/engine/review/measure.ts'
import { asks } from '#lib/query/letter-fields.ts'
import { partOf, sliceOf, sumAll } from '#lib/rollups/aggregate.ts'
import { byPart, COUNTER } from '#lib/rollups/counters.ts'
import type { Cursor } from '#lib/storage/ports.ts'
import { recoveriesOf } from '#lib/telemetry/review/recoveries.ts'
import type { ScarEvidence } from '#lib/telemetry/review/scar.ts'
import { backendScope, collectionScope, ENGINE_SCOPE, fleetScope } from '../breakers/scopes.ts'
import type { Context } from '../context.ts'
import { readWhole } from '../pillars/window.ts'

/** Changes of breakers, and incidents, that are read: the newest. */
const BREAKER_CHANGES_MAX = 2_000
const INCIDENTS_MAX = 500
const INCIDENTS_PAGE = 100
/** Causes of dead letters that are named. */
const CODES_MAX = 10

interface Of {
  readonly fleetId: string
  readonly name: string
  readonly fromMs: number
  readonly toMs: number
}
type Deps = Pick<Context, 'storage' | 'clock'>

/** What became of calls, letters and incidents of a collection in a range. Each read is bounded. */
export async function scarEvidence(ctx: Deps, of: Of): Promise<ScarEvidence> {
  const { fleetId, fromMs, toMs } = of
  const [counts, letters, trips, incidents, settled] = await Promise.all([
    countsOf(ctx, of),
    lettersOf(ctx, of),
    tripsOf(ctx, of),
    incidentsOf(ctx, of),
    ctx.storage.conflicts.settleTimes(fleetId, fromMs, toMs),
  ])
  return { ...counts, letters, trips, incidents, settled }
}

async function countsOf(ctx: Deps, { name, ...range }: Of) {
  const { buckets } = await readWhole(ctx, range, { split: 'total', parts: ['counters'] })
  const part = partOf(sliceOf(buckets), ({ collection }) => collection === name).buckets
  if (part.length === 0) return { pushed: null, duplicates: null, deadLettersBy: [] }
  const counts = sumAll(part)
  const deadLettersBy = Object.entries(byPart(counts, 'deadLettersBy'))
    .map(([code, count]) => ({ code, count }))
    .sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1))
    .slice(0, CODES_MAX)
  return {
    pushed: counts[COUNTER.pushed] ?? 0,
    duplicates: counts[COUNTER.mutations('duplicate')] ?? 0,
    deadLettersBy,
  }
}

async function lettersOf({ storage }: Deps, { fleetId, name }: Of): Promise<ScarEvidence['letters']> {
  const { facets, capped } = await storage.deadLetters.facets(fleetId, {
    conditions: [asks('collection', name)],
  })
  const statuses = facets.find(({ key }) => key === 'status')?.values ?? []
  const count = (status: string): number => statuses.find(({ value }) => value === status)?.count ?? 0
  return { open: count('open'), replayed: count('replayed'), discarded: count('discarded'), more: capped }
}

async function tripsOf(
  { storage }: Deps,
  { fleetId, name, fromMs, toMs }: Of,
): Promise<ScarEvidence['trips']> {
  const scopes = [
    ENGINE_SCOPE,
    fleetScope(fleetId),
    collectionScope(fleetId, name),
    backendScope(fleetId, name),
  ]
  const changes = await storage.breakers.changes(scopes, { fromMs, toMs }, BREAKER_CHANGES_MAX)
  const { trips, tookMs } = recoveriesOf(changes)
  return {
    count: trips,
    more: changes.length === BREAKER_CHANGES_MAX,
    recovered: tookMs.length,
    p50Ms: quantileOf(tookMs, 0.5),
    maxMs: tookMs.at(-1) ?? null,
  }
}

/** Of the whole fleet: an incident is rarely of one collection. */
async function incidentsOf({ storage }: Deps, { fleetId, fromMs }: Of): Promise<ScarEvidence['incidents']> {
  const tookMs: number[] = []
  let cursor: Cursor | null = null
  for (let looked = 0; looked < INCIDENTS_MAX; looked += INCIDENTS_PAGE) {
    const page = await storage.alerts.incidents(fleetId, 'resolved', { limit: INCIDENTS_PAGE, cursor })
    const recent = page.items.filter(({ openedAtMs }) => openedAtMs >= fromMs)
    for (const { openedAtMs, resolvedAtMs } of recent)
      if (resolvedAtMs !== null) tookMs.push(resolvedAtMs - openedAtMs)
    cursor = recent.length === page.items.length ? page.next : null
    if (cursor === null) break
  }
  tookMs.sort((a, b) => a - b)
  return {
    resolved: tookMs.length,
    more: cursor !== null,
    p50Ms: quantileOf(tookMs, 0.5),
    maxMs: tookMs.at(-1) ?? null,
  }
}
