import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type { Bucket, BucketKey, MergedTier, Tier } from './bucket.ts'
import { bucketId, keyIn, TIER_MS, TIERS } from './bucket.ts'
import type { Contribution } from './contributions.ts'
import { contributionsOf } from './contributions.ts'
import type { Draft } from './draft.ts'
import { addBucket, addCounter, addDraft, addMoment, closeDraft, emptyDraft, tallyIn } from './draft.ts'
import { addSlot } from './sketch.ts'

/** What a batch of events adds to the buckets of every tier, by `bucketId`. */
type Additions = ReadonlyMap<string, Draft>

/** Which buckets a batch touches is asked before it is folded, so each is added up once. */
const ADDED_UP = new WeakMap<readonly TelemetryEvent[], Additions>()

/** The buckets of all tiers that these events fall into, each once. */
export const keysOf = (events: readonly TelemetryEvent[]): readonly BucketKey[] =>
  [...additionsOf(events).values()].map(({ key }) => key)

/**
 * The buckets after these events; only touched ones are returned. An event lands in the bucket of its own
 * time however late it comes, and no order or batching of the same events changes a byte.
 * An id that is twice in the batch counts once; over batches the storage's fold position sees to it.
 * @param buckets by `bucketId`; those missing start empty
 */
export function fold(
  buckets: ReadonlyMap<string, Bucket>,
  events: readonly TelemetryEvent[],
): readonly Bucket[] {
  return Array.from(additionsOf(events), ([id, addition]) => {
    const bucket = buckets.get(id)
    if (bucket === undefined) return closeDraft(addition)
    const draft = emptyDraft(addition.key)
    addBucket(draft, bucket)
    addDraft(draft, addition)
    return closeDraft(draft)
  })
}

/**
 * The buckets of a merged tier that these full ones make, all those of `fullTierOf` the tier and the time: the same to
 * the byte as folding their events gives.
 */
export function mergedOf(full: readonly Bucket[], tier: MergedTier): readonly Bucket[] {
  const drafts = new Map<string, Draft>()
  for (const bucket of full) addBucket(draftIn(drafts, keyIn(tier, bucket.key.startMs, bucket.key)), bucket)
  return Array.from(drafts.values(), closeDraft)
}

/** Events are added up by the minute; coarser and merged tiers are made of those sums, which are few. */
function additionsOf(events: readonly TelemetryEvent[]): Additions {
  const known = ADDED_UP.get(events)
  if (known) return known
  const places = new Minutes()
  const seen = new Set<string>()
  for (const event of events) {
    if (seen.has(event.id)) continue
    seen.add(event.id)
    for (const contribution of contributionsOf(event))
      add(places.draftOf(event.atMs, contribution), contribution, event.atMs)
  }
  const minutes = places.drafts
  const all = new Map(minutes)
  for (const tier of COARSER)
    for (const minute of minutes.values())
      addDraft(draftIn(all, keyIn(tier, minute.key.startMs, minute.key)), minute)
  ADDED_UP.set(events, all)
  return all
}
const COARSER: readonly Tier[] = TIERS.filter((tier) => tier !== 'minute')

/** The drafts of a batch's minutes, found without putting an id together for each event. */
class Minutes {
  readonly drafts = new Map<string, Draft>()
  private readonly known = new Map<
    number,
    Map<string, Map<string, Map<string, Map<string | undefined, Draft>>>>
  >()

  draftOf(atMs: number, place: Contribution): Draft {
    const { collection, platform, appVersion, source } = place
    const ofMinute = within(this.known, Math.floor(atMs / TIER_MS.minute))
    const ofVersion = within(within(within(ofMinute, collection), platform), appVersion)
    let draft = ofVersion.get(source)
    if (draft === undefined)
      ofVersion.set(source, (draft = draftIn(this.drafts, keyIn('minute', atMs, place))))
    return draft
  }
}

function within<K, L, V>(maps: Map<K, Map<L, V>>, key: K): Map<L, V> {
  let map = maps.get(key)
  if (map === undefined) maps.set(key, (map = new Map()))
  return map
}

function draftIn(drafts: Map<string, Draft>, key: BucketKey): Draft {
  const id = bucketId(key)
  let draft = drafts.get(id)
  if (draft === undefined) drafts.set(id, (draft = emptyDraft(key)))
  return draft
}

function add(draft: Draft, { counters, values, sketches, snapshot }: Contribution, atMs: number): void {
  for (const [name, count] of counters) addCounter(draft, name, count)
  for (const [name, all] of values) {
    const tally = tallyIn(draft, name)
    for (const value of all) addSlot(tally, value)
  }
  for (const [name, text] of sketches) tallyIn(draft, name).texts.push(text)
  if (snapshot !== null)
    addMoment(draft, atMs, Object.entries(snapshot.gauges), Object.entries(snapshot.sketches))
}
