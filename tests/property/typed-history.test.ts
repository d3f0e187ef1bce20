import { expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { systemClock } from '#lib/client/clock.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { cases } from '#tests/support/cases.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'
import { loadTrace, textOf } from '../../bench/text/trace.ts'

const KEYSTROKES = 600
const SYNCED_EVERY = 150

/** The beginning of a real paper, each key by a handle of the SDK. The author's clock goes on by a tenth of a second. */
it.each(['crdt', 'ot'])(
  '[CS4] [CS5] a paper that is typed key by key under %s reads on another device as it was written',
  async (strategy) => {
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
    const edits = loadTrace().slice(0, cases(KEYSTROKES))
    const { recordId } = await author.collection('papers').put(null, { body: '' })
    const paper = author.collection('papers').text(recordId, 'body')
    for (const [i, { at, deleted, inserted }] of edits.entries()) {
      nowMs += 100
      if (deleted > 0) await paper.delete(at, deleted)
      if (inserted !== '') await paper.insert(at, inserted)
      if (i % SYNCED_EVERY !== SYNCED_EVERY - 1) continue
      expect(await paper.value()).toBe(textOf(edits.slice(0, i + 1)))
      // Of every other batch the reader hears at once, and the last of all waits for what is behind it.
      await author.sync()
      if ((i + 1) % (2 * SYNCED_EVERY) === 0) await reader.sync()
    }
    await author.sync()
    await reader.sync()
    expect(await reader.collection('papers').text(recordId, 'body').value()).toBe(textOf(edits))
    await Promise.all([author.close(), reader.close()])
  },
  60_000,
)
