import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keepOf } from '#lib/application/retention/retention.ts'
import type { Begun, Encoder } from '#lib/application/sync/shared-pages.ts'
import { SHARED_BYTES_MAX, SharedPages } from '#lib/application/sync/shared-pages.ts'
import { headsOnly, NO_RECORDS } from '#lib/application/sync/stream-heads.ts'
import type { RecordState } from '#lib/engine/types.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Fleet } from '#lib/storage/ports.ts'
import { BACKENDS, changeOf, commit, DAY_MS, makeDevice, makeFleet, NOW_MS, opened } from './world.ts'

/** Leaves the text as it is, and counts how often it began one. */
function countingEncoder(bytesHeld = 1) {
  const begun: string[] = []
  const encoder: Encoder = {
    name: 'plain',
    begin: async (text): Promise<Begun> => {
      begun.push(text)
      return { bytesHeld, end: (rest) => new Uint8Array(Buffer.from(text + rest)) }
    },
  }
  return { encoder, begun }
}
const textOf = (changes: string | Begun): string =>
  typeof changes === 'string' ? changes : Buffer.from(changes.end('')).toString()

const BOUNDS = { limit: 5, maxBytes: 4_000_000 }
const KEEP = keepOf({ eventsDays: 90, sessionsDays: 90 })
const BATCHES = { size: 1_000, rounds: 1 }
const LONG = 'x'.repeat(1_200)
const COLLECTIONS = ['reports', 'sites']

type HeadsKnown = Parameters<SharedPages['read']>[4]
const NOBODY_KNOWS: HeadsKnown = () => Promise.resolve(null)

interface Place {
  readonly collection: string
  readonly afterVersion: number
}
type Step =
  | { readonly do: 'read'; readonly after: readonly [number, number] }
  | { readonly do: 'write'; readonly collection: string; readonly which: number; readonly deletes: boolean }
  | { readonly do: 'purge' }

const collection = fc.constantFrom(...COLLECTIONS)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('read' as const), after: fc.tuple(fc.nat(9), fc.nat(4)) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      collection,
      which: fc.nat(9),
      deletes: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const) }) },
)

describe.each(BACKENDS)('pages that devices share, on $name', (backend) => {
  const current = opened(backend)

  async function world() {
    const { storage } = current()
    const fleet = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleet.id)
    return { storage, fleet, deviceId, records: new Map<string, RecordState>() }
  }
  type World = Awaited<ReturnType<typeof world>>

  async function write(
    { storage, fleet, deviceId, records }: World,
    name: string,
    which: number,
    data: JsonObject | null,
  ) {
    const key = `${name}/${which}`
    const replaced = records.get(key) ?? null
    const id = replaced ? { recordId: replaced.recordId } : {}
    const heads = (await storage.sync.tally(fleet.id, [{ collection: name, afterVersion: 0, upTo: 0 }])).heads
    const version = (heads.get(name) ?? 0) + 1
    const changes = await commit(
      storage,
      fleet.id,
      () => [changeOf({ deviceId, collection: name, version, replaced, data, ...id })],
      { committedAtMs: NOW_MS - 60 * DAY_MS },
      [name],
    )
    const [record] = changes.flatMap((change) => change.record ?? [])
    if (record) records.set(key, record)
  }

  /** Where the streams stand at this moment, as a process knows them that hears of all commits. */
  const headsOf =
    ({ storage, fleet }: World): HeadsKnown =>
    async () => {
      const { epoch, heads, purged } = await storage.sync.pull(fleet.id, headsOnly(COLLECTIONS), NO_RECORDS)
      return { epoch, versions: heads, purged }
    }

  const placesOf = (after: readonly number[]): Place[] =>
    COLLECTIONS.map((name, i) => ({ collection: name, afterVersion: after[i] ?? 0 }))

  /** All that a device reads which stands there, and where that leaves it. */
  async function drained(
    pages: SharedPages,
    fleet: Fleet,
    encoder: Encoder,
    after: readonly number[],
    known: HeadsKnown = NOBODY_KNOWS,
  ) {
    const changes: unknown[] = []
    for (let places = placesOf(after); ;) {
      const page = await pages.read(fleet, places, BOUNDS, encoder, known)
      const { reached, heads, purged, epoch } = page
      changes.push(...(JSON.parse(`${textOf(page.changes)}}`) as { changes: unknown[] }).changes)
      if (!page.hasMore) return { changes, reached, heads, purged, epoch }
      places = placesOf(COLLECTIONS.map((name) => reached.get(name) ?? 0))
    }
  }

  it('[TK2] bring what pages that are read anew bring, whatever was written, deleted and purged meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const here = await world()
        const { fleet, storage } = here
        const shared = new SharedPages(here)
        const { encoder } = countingEncoder()
        for (let i = 0; i < 8; i++) await write(here, COLLECTIONS[i % 2] as string, i, { text: LONG })
        for (const one of steps) {
          if (one.do === 'write')
            await write(here, one.collection, one.which, one.deletes ? null : { text: LONG, n: one.which })
          else if (one.do === 'purge') await storage.maintenance.applyRetention(NOW_MS, KEEP, BATCHES)
          else
            for (const heads of [headsOf(here), NOBODY_KNOWS])
              expect(await drained(shared, fleet, encoder, one.after, heads)).toEqual(
                await drained(new SharedPages(here), fleet, encoder, one.after),
              )
        }
      }),
      { numRuns: backend.name === 'memory' ? 100 : 6 },
    )
  })

  it('are read and encoded once, also by devices that ask at once, until one of their records changes', async () => {
    const here = await world()
    const { encoder, begun } = countingEncoder()
    const shared = new SharedPages(here)
    const reads = [{ collection: 'reports', afterVersion: 0 }]
    const times = async (count: number) => {
      const texts = await Promise.all(
        Array.from({ length: count }, async () =>
          textOf((await shared.read(here.fleet, reads, BOUNDS, encoder, NOBODY_KNOWS)).changes),
        ),
      )
      expect(new Set(texts).size).toBe(1)
      return begun.length
    }
    for (let i = 0; i < 7; i++) await write(here, 'reports', i, { text: LONG })
    expect([await times(4), await times(2)]).toEqual([1, 1])
    // Past a page that was cut there may be more, or less: what it holds is the same.
    await write(here, 'reports', 8, { text: LONG })
    expect(await times(1)).toBe(1)
    await write(here, 'reports', 2, { text: LONG, n: 1 })
    expect([await times(3), await times(1)]).toEqual([2, 2])
  })

  it('[TK8] are not asked for where the streams are known to stand where they stood', async () => {
    const here = await world()
    const { encoder } = countingEncoder()
    let tallies = 0
    const { sync } = here.storage
    const counted: typeof sync = { ...sync, tally: (...asked) => (tallies++, sync.tally(...asked)) }
    const shared = new SharedPages({ storage: { sync: counted } })
    const reads = [{ collection: 'reports', afterVersion: 0 }]
    const read = (heads: HeadsKnown) => shared.read(here.fleet, reads, BOUNDS, encoder, heads)
    for (let i = 0; i < 3; i++) await write(here, 'reports', i, { text: LONG })
    const first = await read(headsOf(here))
    const before = await headsOf(here)()
    expect(await read(headsOf(here))).toEqual(first)
    expect(tallies).toBe(0)
    expect(await read(NOBODY_KNOWS)).toEqual(first)
    expect(tallies).toBe(1)
    await write(here, 'reports', 1, { text: LONG, n: 1 })
    const second = await read(headsOf(here))
    expect([tallies, second.reached.get('reports')]).toEqual([2, 4])
    await read(async () => before)
    expect(tallies).toBe(3)
  })

  it('are one’s own: another fleet, another encoding, another limit and another place are other pages', async () => {
    const here = await world()
    const { encoder, begun } = countingEncoder()
    const shared = new SharedPages(here)
    for (let i = 0; i < 3; i++) await write(here, 'reports', i, { text: LONG })
    const read = (changes: { fleet?: Fleet; after?: number; limit?: number; name?: string }) =>
      shared.read(
        changes.fleet ?? here.fleet,
        [{ collection: 'reports', afterVersion: changes.after ?? 0 }],
        { ...BOUNDS, limit: changes.limit ?? BOUNDS.limit },
        { ...encoder, name: changes.name ?? encoder.name },
        NOBODY_KNOWS,
      )
    const other = await world()
    await write(other, 'reports', 0, { text: LONG })
    for (let twice = 0; twice < 2; twice++) {
      for (const changes of [{}, { fleet: other.fleet }, { after: 1 }, { limit: 2 }, { name: 'other' }])
        await read(changes)
      expect(begun).toHaveLength(5)
    }
    shared.forget(here.fleet.id)
    await read({ fleet: other.fleet })
    expect(begun).toHaveLength(5)
    await read({})
    expect(begun).toHaveLength(6)
  })

  it('make room for each other: those that were used last stay', async () => {
    const here = await world()
    const { encoder, begun } = countingEncoder(SHARED_BYTES_MAX / 2)
    const shared = new SharedPages(here)
    for (let i = 0; i < 4; i++) await write(here, 'reports', i, { text: LONG })
    const read = (after: number) =>
      shared.read(here.fleet, [{ collection: 'reports', afterVersion: after }], BOUNDS, encoder, NOBODY_KNOWS)
    for (const after of [0, 1, 0, 2, 0]) await read(after)
    expect(begun).toHaveLength(3)
    await read(1)
    expect(begun).toHaveLength(4)
  })
})
