import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type { Bucket, BucketKey, Tier } from './bucket.ts'
import { TIER_MS, bucketId } from './bucket.ts'
import type { Contribution, Snapshot } from './contributions.ts'
import { contributionsOf } from './contributions.ts'
import { GAUGE_SKETCH } from './counters.ts'
import type { Sketch } from './sketch.ts'
import { addValue, countOf, emptySketch, encodeSketch, mergeEncoded } from './sketch.ts'

const TIERS: readonly Tier[] = ['minute', 'hour']
const GAUGE_SKETCHES: ReadonlySet<string> = new Set(Object.values(GAUGE_SKETCH))

/** A bucket while it is folded. */
interface Draft {
  readonly key: BucketKey
  readonly counters: Map<string, number>
  readonly sketches: Map<string, Sketch>
  snapshot: Snapshot
  snapshotAtMs: number
}

/** The buckets of both tiers that these events fall into, each once. */
export function keysOf(events: readonly TelemetryEvent[]): readonly BucketKey[] {
  const keys = new Map<string, BucketKey>()
  for (const event of events) {
    for (const contribution of contributionsOf(event)) {
      for (const tier of TIERS) {
        const key = keyOf(tier, event.atMs, contribution)
        keys.set(bucketId(key), key)
      }
    }
  }
  return [...keys.values()]
}

/**
 * The buckets after these events; only touched ones are returned. An event lands in the bucket of its own
 * time however late it comes, and no order or batching of the same events changes a byte (metrics.md, rollups).
 * An id that is twice in the batch counts once; over batches the storage's fold position sees to it.
 * @param buckets by `bucketId`; those missing start empty
 */
export function fold(
  buckets: ReadonlyMap<string, Bucket>,
  events: readonly TelemetryEvent[],
): readonly Bucket[] {
  const drafts = new Map<string, Draft>()
  const draftOf = (key: BucketKey): Draft => {
    const id = bucketId(key)
    const draft = drafts.get(id) ?? openBucket(key, buckets.get(id))
    drafts.set(id, draft)
    return draft
  }
  const unique = new Map(events.map((event) => [event.id, event]))
  for (const event of unique.values()) {
    for (const contribution of contributionsOf(event)) {
      for (const tier of TIERS)
        apply(draftOf(keyOf(tier, event.atMs, contribution)), contribution, event.atMs)
    }
  }
  return [...drafts.values()].map(closeBucket)
}

function keyOf(
  tier: Tier,
  atMs: number,
  { collection, platform, appVersion, source }: Contribution,
): BucketKey {
  const startMs = Math.floor(atMs / TIER_MS[tier]) * TIER_MS[tier]
  const key = { tier, startMs, collection, platform, appVersion }
  return source === undefined ? key : { ...key, source }
}

function apply(draft: Draft, contribution: Contribution, atMs: number): void {
  for (const [name, count] of contribution.counters) {
    if (count > 0) draft.counters.set(name, (draft.counters.get(name) ?? 0) + count)
  }
  for (const [name, values] of contribution.values) {
    const sketch = sketchIn(draft, name)
    for (const value of values) addValue(sketch, value)
  }
  for (const [name, text] of contribution.sketches) mergeEncoded(sketchIn(draft, name), text)
  // Snapshots of one group have ids made of their minute, so two of them never share a time.
  if (contribution.snapshot !== null && atMs > draft.snapshotAtMs) {
    draft.snapshot = contribution.snapshot
    draft.snapshotAtMs = atMs
  }
}

function sketchIn(draft: Draft, name: string): Sketch {
  const sketch = draft.sketches.get(name) ?? emptySketch()
  draft.sketches.set(name, sketch)
  return sketch
}

function openBucket(key: BucketKey, bucket: Bucket | undefined): Draft {
  const draft: Draft = {
    key,
    counters: new Map(Object.entries(bucket?.counters ?? {})),
    sketches: new Map(),
    snapshot: { gauges: bucket?.gauges ?? {}, sketches: {} },
    snapshotAtMs: bucket?.gaugesAtMs ?? 0,
  }
  const stored = Object.entries(bucket?.sketches ?? {})
  for (const [name, text] of stored) {
    if (!GAUGE_SKETCHES.has(name)) mergeEncoded(sketchIn(draft, name), text)
  }
  const ofSnapshot = Object.fromEntries(stored.filter(([name]) => GAUGE_SKETCHES.has(name)))
  draft.snapshot = { ...draft.snapshot, sketches: ofSnapshot }
  return draft
}

/** Keys are sorted, so that equal contents are equal bytes. */
function closeBucket(draft: Draft): Bucket {
  const merged = [...draft.sketches].filter(([, sketch]) => countOf(sketch) > 0)
  const texts = merged.map(([name, sketch]): [string, string] => [name, encodeSketch(sketch)])
  return {
    key: draft.key,
    counters: sorted(draft.counters),
    sketches: sorted([...texts, ...Object.entries(draft.snapshot.sketches)]),
    gauges: sorted(Object.entries(draft.snapshot.gauges)),
    gaugesAtMs: draft.snapshotAtMs,
  }
}

const sorted = <T>(entries: Iterable<readonly [string, T]>): Record<string, T> =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
