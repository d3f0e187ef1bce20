import { expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { systemClock } from '#lib/client/clock.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { cases } from '#tests/support/cases.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'
import { inBatches, loadTrace, textOf } from '../../bench/text/trace.ts'

const KEYSTROKES = 600
/** Keys, by those of a call. */
const SYNCED_EVERY = { 1: 150, 50: 500 }

/** The beginning of a real paper, by a handle of the SDK. The author's clock goes on by a tenth of a second a key. */
it.each([
  ['crdt', 1, KEYSTROKES],
  ['ot', 1, KEYSTROKES],
  ['crdt', 50, 10 * KEYSTROKES],
  ['ot', 50, 10 * KEYSTROKES],
] as const)(
  '[CS4] [CS5] a paper that is typed under %s, %i keys a call, reads on another device as it was written',
  async (strategy, keysPerCall, keystrokes) => {
    let nowMs = 1_800_000_000_000
    const clock = { ...systemClock, now: () => nowMs }
    const app = testApp(openMemoryStorage(), undefined, clock)
    const fleet = await testFleet(app)
    const body = { name: 'papers', schema: true, strategy }
    await createCollection(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    const open = (name: string) =>
      openReplica({
        url: 'http://tidemark.test',
        enrollmentKey: fleet.key,
        device: { name, platform: 'ios', appVersion: '1.0.0' },
        store: openMemoryStore(),
        clock,
        fetch: async (input, init) => {
          const response = await app.router.handle(new Request(String(input), init))
          if (!response) throw new Error(`no route for ${String(input)}`)
          return response
        },
      })
    const [author, reader] = await Promise.all(['author', 'reader'].map(open))
    if (!author || !reader) throw new Error('two devices were opened')
    const edits = loadTrace().slice(0, cases(keystrokes))
    const { recordId } = await author.collection('papers').put(null, { body: '' })
    const paper = author.collection('papers').text(recordId, 'body')
    let [written, looks] = [0, 0]
    const syncedEvery = SYNCED_EVERY[keysPerCall]
    for (const batch of inBatches(edits, keysPerCall)) {
      nowMs += 100 * batch.length
      written += batch.length
      for (const { at: index, deleted: removed, inserted } of keysPerCall === 1 ? batch : []) {
        if (removed > 0) await paper.delete(index, removed)
        if (inserted !== '') await paper.insert(index, inserted)
      }
      if (keysPerCall > 1)
        await paper.edit(
          batch.map(({ at: index, deleted: removed, inserted }) => ({ index, removed, inserted })),
        )
      if (written % syncedEvery !== 0) continue
      expect(await paper.value()).toBe(textOf(edits.slice(0, written)))
      // Of every other batch the reader hears at once, and the last of all waits for what is behind it.
      await author.sync()
      if (written % (2 * syncedEvery) === 0) await reader.sync()
      looks += 1
    }
    await author.sync()
    await reader.sync()
    expect(await reader.collection('papers').text(recordId, 'body').value()).toBe(textOf(edits))
    expect(looks).toBe(Math.floor(edits.length / syncedEvery))
    await Promise.all([author.close(), reader.close()])
  },
  60_000,
)
