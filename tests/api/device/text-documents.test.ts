import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

const KINDS = [
  { name: 'pages', strategy: 'crdt', schema: true },
  { name: 'page-fields', strategy: 'field-merge', fieldStrategies: { '/body': 'crdt' }, schema: true },
  { name: 'drafts', strategy: 'ot', schema: true },
  { name: 'draft-fields', strategy: 'field-merge', fieldStrategies: { '/body': 'ot' }, schema: true },
]
const FIRST = '.One two three four'
const SECOND = '.One two three four!'

/** How an app may write a text in two places. */
const WAYS: Record<string, (replica: Replica, collection: string, id: string) => Promise<void>> = {
  'two patches': async (replica, collection, id) => {
    for (const body of [FIRST, SECOND]) await replica.collection(collection).patch(id, { set: { body } })
  },
  'two puts': async (replica, collection, id) => {
    for (const body of [FIRST, SECOND]) await replica.collection(collection).put(id, { body })
  },
  'a put, and typing behind it': async (replica, collection, id) => {
    await replica.collection(collection).put(id, { body: FIRST })
    await replica.collection(collection).text(id, 'body').insert(FIRST.length, '!')
  },
  'a patch, and edits of one call behind it': async (replica, collection, id) => {
    await replica.collection(collection).patch(id, { set: { '/body': '.one two three  four' } })
    await replica
      .collection(collection)
      .text(id, 'body')
      .edit([
        { index: 1, removed: 1, inserted: 'O' },
        { index: 14, removed: 1 },
        { index: 19, inserted: '!' },
      ])
  },
}

describe('a text that is written as a document in several places', () => {
  let world: DeviceHttp
  let one: Replica
  let two: Replica
  beforeAll(async () => {
    world = await deviceHttp()
    for (const body of KINDS)
      await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body })
    one = await world.replica()
    two = await world.replica()
  })
  afterAll(async () => {
    await one.close()
    await two.close()
    await world.close()
  })

  async function sync(...replicas: readonly Replica[]): Promise<void> {
    for (const replica of replicas) expect(await replica.sync()).toMatchObject({ problem: null, pending: 0 })
  }

  const all = KINDS.flatMap(({ name }) => Object.keys(WAYS).map((way) => [name, way] as const))
  it.each(all)('[CS4] [CS5] of %s by %s keeps what another did between them', async (collection, way) => {
    const { recordId: id } = await one.collection(collection).put(null, { body: 'one two three four' })
    await sync(one)
    await one.collection(collection).text(id, 'body').insert(0, '.')
    await sync(one, two)

    await WAYS[way]?.(one, collection, id)
    const theirs = two.collection(collection).text(id, 'body')
    await theirs.delete('.one '.length, 'two '.length)
    await theirs.insert('.one three '.length, 'XX ')
    await sync(two, one, two)
    for (const replica of [one, two]) {
      expect(await replica.collection(collection).text(id, 'body').value()).toBe('.One three XX four!')
      expect([replica.conflicts$.get(), replica.deadLetters$.get()]).toEqual([[], []])
    }
  })
})
