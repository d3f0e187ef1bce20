import { expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { AppSchema } from '#lib/client/write.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'

test.each([
  ['crdt', 'a record of another'],
  ['crdt', 'the answer to its own edit'],
  ['ot', 'a record of another'],
  ['ot', 'the answer to its own edit'],
])(
  '[DL5] %s: an older app works under its own names from the session on that brings %s under a new version',
  async (strategy, brings) => {
    const app = testApp(openMemoryStorage(), undefined)
    const fleet = await testFleet(app)
    const { id } = await createCollection(app.ctx, {
      actor: SYSTEM,
      fleetId: fleet.fleetId,
      body: { name: 'board', schema: true, strategy },
    })
    const open = (schemas?: Readonly<Record<string, AppSchema>>): Promise<Replica> =>
      openReplica({
        url: 'http://tidemark.test',
        enrollmentKey: fleet.key,
        device: { name: 'one', platform: 'ios', appVersion: '1.0.0' },
        store: openMemoryStore(),
        fetch: async (input, init) => (await app.router.handle(new Request(String(input), init))) as Response,
        sync: { auto: false },
        ...(schemas ? { schemas } : {}),
      })
    const newer = await open()
    const older = await open({ board: { version: 1 } })
    await newer.sync()
    const { recordId } = await newer.collection('board').put(null, { t: 'hello' })
    for (const replica of [newer, older, newer, older]) await replica.sync()
    await publishCollection(app.ctx, {
      actor: SYSTEM,
      fleetId: fleet.fleetId,
      id,
      body: {
        schema: { type: 'object' },
        version: 1,
        upMigrations: [{ from: 1, to: 2, ops: [{ op: 'rename', path: '/t', to: '/t2' }] }],
      },
    })
    const text = older.collection('board').text(recordId, 't')
    if (brings === 'a record of another') {
      await newer.sync()
      await newer.collection('board').patch(recordId, { set: { z: 1 } })
      await newer.sync()
    } else await text.insert(0, 'A')
    await older.sync()
    const shown = await text.value()
    expect(shown.replace('A', '')).toBe('hello')
    await text.insert(shown.length, 'B')
    await text.insert(0, 'C')
    expect((await older.collection('board').get(recordId))?.data).toMatchObject({ t2: `C${shown}B` })
    for (const replica of [older, newer]) await replica.sync()
    expect((await newer.collection('board').get(recordId))?.data).toMatchObject({ t2: `C${shown}B` })
    await newer.close()
    await older.close()
  },
)
