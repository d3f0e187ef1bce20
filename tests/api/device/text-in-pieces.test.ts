import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import { UPDATE_PARTS_MAX } from '#lib/engine/crdt/text-yjs.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

/** Of a text of twice as many letters, every other one goes: as many pieces, more than one update may name. */
const LETTERS = UPDATE_PARTS_MAX + 500
const CALL = 500

describe('a text of more pieces than one change may name', () => {
  let world: DeviceHttp
  let one: Replica
  let two: Replica
  let id: string
  beforeAll(async () => {
    world = await deviceHttp()
    const body = { name: 'boards', strategy: 'crdt', schema: { type: 'object' } }
    await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body })
  })
  afterAll(() => world.close())
  beforeEach(async () => {
    one = await world.replica()
    two = await world.replica()
    ;({ recordId: id } = await one.collection('boards').put(null, { title: 'x' }))
    await body(one).insert(0, 'ab'.repeat(LETTERS))
    await syncAll()
  })
  afterEach(async () => {
    await one.close()
    await two.close()
  })

  const body = (replica: Replica) => replica.collection('boards').text(id, 'body')
  async function syncAll(): Promise<void> {
    for (const replica of [one, two, one]) expect((await replica.sync()).problem).toBeNull()
    for (const replica of [one, two]) {
      expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0 })
      expect([replica.deadLetters$.get(), replica.conflicts$.get()]).toEqual([[], []])
    }
  }
  /** Takes every b out, `CALL` of them in a call. */
  async function takeOut(): Promise<void> {
    for (let gone = 0; gone < LETTERS; gone += CALL)
      await body(one).edit(Array.from({ length: CALL }, (_, i) => ({ index: gone + i + 1, removed: 1 })))
  }
  const AS = 'a'.repeat(LETTERS)

  it('[SM4] [CS4] un-sent edits are joined as far as the server takes what they become, and all of them arrive', async () => {
    await takeOut()
    expect(await body(one).value()).toBe(AS)
    await body(one).insert(0, 'typed ')
    expect(await body(one).value()).toBe(`typed ${AS}`)
    expect(one.status$.get().pending).toBe(2)
    await syncAll()
    expect([await body(one).value(), await body(two).value()]).toEqual([`typed ${AS}`, `typed ${AS}`])
  })

  it('[CS4] all of it can be taken out, and replaced, at once; what another device typed in it stays', async () => {
    await takeOut()
    await syncAll()
    await body(two).insert(7, 'TWO')
    await body(one).edit([{ index: 0, removed: LETTERS, inserted: 'NEW' }])
    expect(await body(one).value()).toBe('NEW')
    await body(one).insert(3, '!')
    await syncAll()
    const both = await body(one).value()
    expect([both, await body(two).value()]).toEqual([expect.stringMatching(/^(NEW!TWO|TWONEW!)$/), both])
    await body(one).delete(0, both.length)
    await syncAll()
    expect([await body(one).value(), await body(two).value()]).toEqual(['', ''])
  })

  it('[SDK7] it is handed from device to device as a whole', async () => {
    await takeOut()
    const exported = await one.collection('boards').exportCrdt(id)
    await two.collection('boards').mergeCrdt(JSON.parse(JSON.stringify(exported)))
    expect(await body(two).value()).toBe(AS)
    await syncAll()
    expect([await body(one).value(), await body(two).value()]).toEqual([AS, AS])
  })
})
