import { expect, test } from 'vitest'
import type { Collection } from '#lib/client/collection.ts'
import { COLLECTION } from './support/authority.ts'
import { createWorld } from './support/device.ts'

const DOCUMENT = { title: 'a', n: 1, tags: ['a'], body: 'hi', o: { x: 1 } }

async function openCrdts(strategy: 'crdt' | 'ot' = 'crdt') {
  const world = createWorld()
  const { authority } = world
  const [reports] = authority.config.collections
  authority.config = { ...authority.config, collections: [{ ...reports, strategy } as never] }
  const replica = await world.open()
  await replica.sync()
  const collection = replica.collection(COLLECTION)
  const { recordId } = await collection.put(null, DOCUMENT)
  await replica.sync()
  return { replica, collection, recordId }
}

type Call = (collection: Collection, id: string) => Promise<unknown>
const CALLS: Record<string, Call> = {
  'a set under a text': (c, id) => c.set(id, '/body/x').add(1),
  'a counter under a counter': (c, id) => c.counter(id, '/n/x').increment(),
  'a register under a counter': (c, id) => c.register(id, '/n/x').set(1),
  'a register in a set': (c, id) => c.register(id, '/tags/0').set('x'),
  'a text in a set': (c, id) => c.text(id, '/tags/0').insert(0, 'x'),
  'a register over others': (c, id) => c.register(id, 'o').set(5),
  'a counter on an object': (c, id) => c.counter(id, 'o').increment(),
  'a path of 40 levels': (c, id) => c.register(id, '/a'.repeat(40)).set(1),
  'a value of 40 levels': (c, id) => c.register(id, 'r').set(JSON.parse('['.repeat(40) + ']'.repeat(40))),
  'a path longer than the contract takes': (c, id) => c.register(id, `/${'x'.repeat(3_000)}`).set(1),
}

test.each(Object.entries(CALLS))(
  '[SDK1] %s is refused at the call, and takes nothing along',
  async (_, call) => {
    const { replica, collection, recordId } = await openCrdts()
    await collection.counter(recordId, 'n').increment(10)
    await expect(call(collection, recordId)).rejects.toMatchObject({ code: 'invalid_patch' })
    await collection.counter(recordId, 'n').increment(100)
    expect((await collection.get(recordId))?.data).toEqual({ ...DOCUMENT, n: 111 })
    await replica.close()
  },
)

test('[SDK1] half a character is neither inserted into a collaborative text nor left there', async () => {
  const { replica, collection, recordId } = await openCrdts()
  const body = collection.text(recordId, 'body')
  await body.insert(0, '😀')
  await expect(body.insert(1, 'x')).rejects.toThrow('half_a_character')
  await expect(body.delete(0, 1)).rejects.toThrow('half_a_character')
  await expect(body.insert(0, '\ud83d')).rejects.toThrow('half_a_character')
  expect(await body.value()).toBe('😀hi')
  await replica.close()
})

const HALF = { ...DOCUMENT, body: 'a\ud800b😀' }

test.each(['crdt', 'ot'] as const)(
  '[SDK1] half a character that a text has already can be taken out again, under %s',
  async (strategy) => {
    const { replica, collection } = await openCrdts(strategy)
    const { recordId } = await collection.put(null, HALF, { validate: false })
    const body = collection.text(recordId, 'body')
    await expect(body.insert(4, 'x')).rejects.toThrow('half_a_character')
    await body.delete(1, 1)
    await body.insert(4, '!')
    expect(await body.value()).toBe('ab😀!')
    await replica.close()
  },
)

test('[SDK1] half a character leaves the rest of its text editable before a schema speaks of it', async () => {
  const replica = await createWorld().open()
  const collection = replica.collection(COLLECTION)
  const { recordId } = await collection.put(null, HALF)
  const body = collection.text(recordId, 'body')
  await expect(body.delete(3, 1)).rejects.toThrow('half_a_character')
  await body.insert(3, '!')
  expect(await body.value()).toBe('a\ud800b!😀')
  await replica.close()
})

test('[SDK1] edits of one call that are too many parts for one update are one range of it', async () => {
  const { replica, collection, recordId } = await openCrdts()
  const body = collection.text(recordId, 'body')
  const pieces = 1_600
  const replaced = Array.from({ length: pieces }, (_, n) => ({ index: 4 * n, removed: 1, inserted: 'X' }))
  await body.edit([{ index: 0, inserted: 'abcd'.repeat(pieces) }, ...replaced])
  expect(await body.value()).toBe(`${'Xbcd'.repeat(pieces)}hi`)
  await replica.close()
})
