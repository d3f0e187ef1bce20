import type { Bucket, Tier } from '#lib/rollups/bucket.ts'
import { bucketId, TIER_MS } from '#lib/rollups/bucket.ts'
import type { Access, BucketPart, TelemetryPort } from '../ports.ts'
import { appendEvents } from './events.ts'
import type { FleetTables, MemoryState, StoredEvent } from './state.ts'

export function memoryTelemetry(state: MemoryState): TelemetryPort {
  return {
    append: (fleetId, events) =>
      state.inFleet(fleetId, (tables, undo) => appendEvents(state, tables, undo, events)),
    foldNext: (fleetId, limit, keysOf, fold) =>
      state.inFleet(fleetId, (tables, undo) => {
        const waiting = unfolded(tables)
        const events = waiting.slice(0, limit).map((row) => row.event)
        if (events.length === 0) return { folded: 0, more: false }
        const touched = keysOf(events).map(bucketId)
        const found = touched.flatMap((id): [string, Bucket][] => {
          const bucket = tables.buckets.get(id)
          return bucket ? [[id, bucket]] : []
        })
        for (const bucket of fold(new Map(found), events))
          tables.buckets.set(undo, bucketId(bucket.key), bucket)
        tables.eventOrder.set(undo, 'folded', (waiting[events.length - 1] as StoredEvent).order + 1)
        return { folded: events.length, more: waiting.length > events.length }
      }),
    refold: (fleetId, fromMs, toMs, _page, fold) =>
      state.inFleet(fleetId, (tables, undo) => {
        if ((state.floors.get('telemetry_event') ?? 0) > fromMs) return null
        const next = tables.eventOrder.get('folded') ?? 0
        const events = tables.events
          .values()
          .filter(({ order, event }) => order < next && event.atMs >= fromMs && event.atMs < toMs)
          .map((row) => row.event)
        for (const [id, bucket] of tables.buckets.entries()) {
          if (bucket.key.startMs >= fromMs && bucket.key.startMs < toMs) tables.buckets.delete(undo, id)
        }
        for (const bucket of fold(new Map(), events)) tables.buckets.set(undo, bucketId(bucket.key), bucket)
        return events.length
      }),
    oldestUnfoldedMs: (fleetId) =>
      state.inFleet(fleetId, (tables) => unfolded(tables)[0]?.appendedAtMs ?? null),
    buckets: (fleetId, tier, fromMs, toMs, parts) =>
      state.inFleet(fleetId, (tables) => bucketsIn(tables, tier, fromMs, toMs, parts)),
    // Memory has no buckets from before there were merged ones.
    mergedBuckets: (fleetId, tier, fromMs, toMs, parts) =>
      state.inFleet(fleetId, (tables) => ({
        buckets: bucketsIn(tables, tier, fromMs, toMs, parts),
        wholeFromMs: 0,
      })),
    versionStarts: (fleetId, tier, fromMs, toMs) =>
      state.inFleet(fleetId, (tables) => {
        const starts = new Map<string, number>()
        for (const { key } of bucketsIn(tables, tier, fromMs, toMs))
          if (!starts.has(key.appVersion)) starts.set(key.appVersion, key.startMs)
        return { starts, wholeFromMs: 0 }
      }),
    fillMerged: () => Promise.resolve(false),
    oldestUndeliveredMs: (fleetId, activeSinceMs) =>
      state.inFleet(fleetId, (tables) => oldestUndelivered(tables, activeSinceMs)),
  }
}

const EVERY_PART: readonly BucketPart[] = ['counters', 'sketches', 'gauges']

function bucketsIn(
  tables: FleetTables,
  tier: Tier,
  fromMs: number,
  toMs: number,
  parts = EVERY_PART,
): readonly Bucket[] {
  const found = tables.buckets
    .values()
    .filter(({ key }) => key.tier === tier && key.startMs > fromMs - TIER_MS[tier] && key.startMs < toMs)
    .sort((a, b) => a.key.startMs - b.key.startMs || (orderOf(a) < orderOf(b) ? -1 : 1))
  if (parts.length === EVERY_PART.length) return found
  return found.map(({ key, gaugesAtMs, ...all }) => ({
    key,
    gaugesAtMs,
    counters: parts.includes('counters') ? all.counters : {},
    sketches: parts.includes('sketches') ? all.sketches : {},
    gauges: parts.includes('gauges') ? all.gauges : {},
  }))
}

/** Our own first among those that differ in their source alone. */
const orderOf = ({ key: { collection, platform, appVersion, source = '' } }: Bucket): string =>
  JSON.stringify([collection, platform, appVersion, source])

const unfolded = (tables: FleetTables): StoredEvent[] => {
  const next = tables.eventOrder.get('folded') ?? 0
  return tables.events.values().filter((row) => row.order >= next)
}

function oldestUndelivered(tables: FleetTables, activeSinceMs: number): number | null {
  let oldest: number | null = null
  for (const position of tables.positions.values()) {
    const { deviceId, collection, version, firstCompleteAtMs } = position
    const device = tables.devices.get(deviceId)
    const active = device?.status === 'active' && (device.lastContactMs ?? 0) >= activeSinceMs
    if (!active || firstCompleteAtMs === null || !mayRead(device.access, collection)) continue
    for (const row of tables.changes.values()) {
      const waits =
        row.mutation.collection === collection &&
        row.version !== null &&
        row.version > version &&
        row.deviceId !== deviceId &&
        row.committedAtMs > firstCompleteAtMs
      if (waits) oldest = Math.min(oldest ?? row.committedAtMs, row.committedAtMs)
    }
  }
  return oldest
}

const mayRead = (access: Access, collection: string): boolean =>
  Object.hasOwn(access, collection) || Object.hasOwn(access, '*')
