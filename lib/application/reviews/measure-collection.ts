import type { SeenChange, SeenConflict } from '#lib/engine/review/measure.ts'
import {
  measureChanges,
  measureConflicts,
  measureDelta,
  measureGaps,
  measureRecords,
  seenChange,
} from '#lib/engine/review/measure.ts'
import { contestedPlaces, jsonBytes } from '#lib/engine/review/sides.ts'
import { REVIEW_SAMPLE_MAX, REVIEW_SAMPLE_PAGE } from '#lib/protocol/limits.ts'
import { isAmong } from '#lib/query/field.ts'
import { partOf, sliceOf } from '#lib/rollups/aggregate.ts'
import type { Collection, Cursor } from '#lib/storage/ports.ts'
import type { Measured } from '#lib/telemetry/review/review.ts'
import { RECORDS_COUNTED_MAX } from '../collections/collection-board.ts'
import type { Context } from '../context.ts'
import { CONFLICTS } from '../pillars/conflicts.ts'
import { LAG } from '../pillars/lag.ts'
import { readWhole } from '../pillars/window.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** What a review looks back on. */
export const REVIEW_RANGE_MS = 30 * DAY_MS
/** Pages of conflicts that are read: where few of many are of the collection, each looks through CONFLICT_LOOK_MAX. */
const CONFLICT_PAGES_MAX = 10

type Deps = Pick<Context, 'storage' | 'clock'>

type Of = Pick<Collection, 'fleetId' | 'id' | 'name' | 'createdAtMs'>

/**
 * What can be measured of a collection, of the last 30 days or since it was made, a minute old at the most (DR1). Samples are read a page at a
 * time, and no payload is kept.
 */
export const measureCollection = (ctx: Deps & Pick<Context, 'measurements'>, of: Of): Promise<Measured> =>
  ctx.measurements.of(of.id, () => measureNow(ctx, of))

async function measureNow(ctx: Deps, { fleetId, name, createdAtMs }: Of): Promise<Measured> {
  const atMs = ctx.clock.now()
  // Before it was made there may have been a namesake, and a mean over those days would be too low.
  const fromMs = Math.max(atMs - REVIEW_RANGE_MS, Math.min(createdAtMs, atMs - MINUTE_MS))
  const range = { fromMs, toMs: atMs }
  const [sizes, { buckets }, documents, changes, conflicts, unfoldedMs] = await Promise.all([
    ctx.storage.samples.sizes(fleetId, [name], RECORDS_COUNTED_MAX),
    readWhole(ctx, { fleetId, ...range }, { split: 'total' }),
    documentSizes(ctx, fleetId, name),
    newestChanges(ctx, fleetId, name),
    newestConflicts(ctx, fleetId, name, range),
    ctx.storage.telemetry.oldestUnfoldedMs(fleetId),
  ])
  const part = partOf(sliceOf(buckets), ({ collection }) => collection === name)
  const size = sizes.get(name)
  const sampled = measureRecords([...documents.values()])
  return {
    atMs,
    fromMs,
    // What came since may or may not be in what is counted.
    toMs: Math.max(fromMs, Math.min(atMs, unfoldedMs ?? atMs)),
    records: sampled && {
      live: size?.records ?? sampled.sampled,
      more: (size?.records ?? 0) >= RECORDS_COUNTED_MAX,
      ...sampled,
    },
    followers: size?.followers ?? 0,
    changes: measureChanges(changes),
    delta: measureDelta(changes, documents),
    waits: waitsOf(LAG.figureOf(part)?.upload),
    gaps: await gapsOf(ctx, fleetId, changes, range),
    rate: rateOf(CONFLICTS.figureOf(part)?.mutations, atMs - fromMs),
    conflicts: conflictsOf(conflicts),
  }
}

function waitsOf(
  upload: { count: number; p50: number | null; p95: number | null; max: number | null } | undefined,
): Measured['waits'] {
  if (upload === undefined || upload.p50 === null || upload.p95 === null || upload.max === null) return null
  return { count: upload.count, p50Ms: upload.p50, p95Ms: upload.p95, maxMs: upload.max }
}

/** The mean of less than a day is that of one: what came in an hour does not come in each. */
function rateOf(
  share: { readonly part: number; readonly whole: number } | undefined,
  spanMs: number,
): Measured['rate'] {
  if (share === undefined || share.whole === 0) return null
  return { conflicts: share.part, mutations: share.whole, perDay: share.whole / Math.max(1, spanMs / DAY_MS) }
}

function conflictsOf({ seen, more }: Awaited<ReturnType<typeof newestConflicts>>): Measured['conflicts'] {
  const measured = measureConflicts(seen)
  return measured && { ...measured, more }
}

/** Bytes of the newest records' documents, by record id. */
async function documentSizes({ storage }: Deps, fleetId: string, name: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  let below: number | null = null
  while (sizes.size < REVIEW_SAMPLE_MAX.records) {
    const page = await storage.samples.records(fleetId, name, below, REVIEW_SAMPLE_PAGE)
    for (const { recordId, data } of page) sizes.set(recordId, jsonBytes(data))
    below = page.at(-1)?.version ?? null
    if (page.length < REVIEW_SAMPLE_PAGE) break
  }
  return sizes
}

async function newestChanges({ storage }: Deps, fleetId: string, name: string): Promise<SeenChange[]> {
  const changes: SeenChange[] = []
  let below: number | null = null
  while (changes.length < REVIEW_SAMPLE_MAX.changes) {
    const page = await storage.samples.changes(fleetId, name, below, REVIEW_SAMPLE_PAGE)
    for (const { mutation, deviceId, committedAtMs } of page)
      changes.push(seenChange(mutation, deviceId, committedAtMs))
    below = page.at(-1)?.version ?? null
    if (page.length < REVIEW_SAMPLE_PAGE) break
  }
  return changes
}

async function newestConflicts(
  { storage }: Deps,
  fleetId: string,
  name: string,
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<{ readonly seen: readonly SeenConflict[]; readonly more: boolean }> {
  const arose = { kind: 'within', key: 'arose', not: false, ...range } as const
  const filter = { conditions: [arose, isAmong('collection', name)], sort: 'newest' } as const
  const seen: SeenConflict[] = []
  let cursor: Cursor | null = null
  for (let pages = 0; pages < CONFLICT_PAGES_MAX && seen.length < REVIEW_SAMPLE_MAX.conflicts; pages++) {
    const page = await storage.conflicts.list(fleetId, filter, { limit: REVIEW_SAMPLE_PAGE, cursor })
    for (const row of page.items) seen.push({ places: contestedPlaces(row), createdAtMs: row.createdAtMs })
    cursor = page.next
    if (cursor === null) break
  }
  return { seen, more: cursor !== null }
}

/** Of the devices that made the newest changes, as many as the bound says: one query of an index each. */
async function gapsOf(
  { storage }: Deps,
  fleetId: string,
  changes: readonly SeenChange[],
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<Measured['gaps']> {
  const devices = [...new Set(changes.map(({ deviceId }) => deviceId))].slice(0, REVIEW_SAMPLE_MAX.devices)
  const ends: number[][] = []
  for (const deviceId of devices) {
    const filter = { ...range, conditions: [isAmong('device', deviceId)] } as const
    const page = await storage.sessions.list(fleetId, filter, {
      limit: REVIEW_SAMPLE_MAX.sessions,
      cursor: null,
    })
    ends.push(page.items.map(({ endedAtMs }) => endedAtMs))
  }
  return measureGaps(ends)
}
