import { describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { edit } from '#lib/application/dead-letters/edit.ts'
import { foretellLetter } from '#lib/application/operations/foretell-letter.ts'
import type { Collection } from '#lib/client/collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { RestoredWorld } from '#tests/support/restored-world.ts'

interface Kind {
  readonly collection: string
  /** Makes the record's `f` what it is in the backup: a counter, a set, a text. */
  readonly begin: (notes: Collection, id: string) => Promise<unknown>
  /** Written behind the backup. */
  readonly written: Json
  /** What another device does behind the restore, and what the person writes who sees that. */
  readonly beside: (notes: Collection, id: string) => Promise<unknown>
  readonly edited: Json
  /** What all have when the other device has done that once more. */
  readonly end: Json
}
const TEXT: Omit<Kind, 'collection'> = {
  begin: (notes, id) => notes.text(id, 'f').insert(0, 'base'),
  written: 'base hello',
  beside: (notes, id) => notes.text(id, 'f').insert(0, 'The '),
  edited: 'The base hello',
  end: 'The The base hello',
}
const KINDS: Readonly<Record<string, Kind>> = {
  'a text': { collection: 'board', ...TEXT },
  'a counter': {
    collection: 'board',
    begin: (notes, id) => notes.counter(id, 'f').increment(5),
    written: 8,
    beside: (notes, id) => notes.counter(id, 'f').increment(10),
    edited: 18,
    end: 28,
  },
  'a set': {
    collection: 'board',
    begin: (notes, id) => notes.set(id, 'f').add('x'),
    written: ['x', 'y'],
    beside: (notes, id) => notes.set(id, 'f').add('z'),
    edited: ['x', 'z', 'y'],
    end: ['x', 'y', 'z'],
  },
  'a text under OT': { collection: 'paper', ...TEXT },
}
const FORMS: Readonly<Record<string, (f: Json) => JsonObject>> = {
  patch: (f) => ({ type: 'patch', set: { f } }),
  put: (f) => ({ type: 'put', data: { f } }),
}
const CASES = Object.keys(KINDS).flatMap((name) => Object.keys(FORMS).map((form) => ({ name, form })))

const sorted = (value: Json | undefined): Json | undefined =>
  Array.isArray(value) ? value.toSorted() : value

/** A document over it was acknowledged behind the backup, and comes back as a letter. */
async function withLetter({ collection, begin, written, beside }: Kind) {
  const world = await RestoredWorld.start()
  const [a, b] = [await world.open(), await world.open()]
  const notes = a.collection(collection)
  const { recordId: id } = await notes.put(null, {})
  await world.sync(a)
  await begin(notes, id)
  await world.sync(a, b)
  world.backUp()
  await notes.patch(id, { set: { f: written } })
  await world.sync(a)
  await world.restore()
  await world.sync(b)
  await beside(b.collection(collection), id)
  await world.sync(b, a)
  const [letter] = a.deadLetters$.get()
  expect(letter?.code).toBe('underivable')
  const read = async (device: Replica): Promise<Json | undefined> =>
    sorted((await device.collection(collection).get(id))?.data['f'])
  return { world, a, b, id, read, letterId: letter?.deadLetterId ?? '' }
}

describe('a document that is underivable behind a restore', () => {
  it.each(CASES)(
    '[AF4] is, in an edited form, the difference from the record as it stands: $name by a $form',
    async ({ name, form }) => {
      const kind = KINDS[name] as Kind
      const { world, a, b, id, read, letterId } = await withLetter(kind)
      const asked = { actor: SYSTEM, fleetId: world.fleet.fleetId, id: letterId }
      const op = FORMS[form]?.(kind.edited)
      const foretold = await foretellLetter(world.app.ctx, { ...asked, body: { op } })
      expect(foretold.outcome).toBe('applied')
      expect(sorted(foretold.record?.data?.['f'])).toEqual(sorted(kind.edited))
      const { result } = await edit(world.app.ctx, { ...asked, body: { op, reason: 'read' } })
      expect(['applied', 'merged']).toContain(result.status)
      // What is made behind it goes on from there.
      await world.sync(b)
      await kind.beside(b.collection(kind.collection), id)
      await world.sync(b, a, b)
      expect([await read(a), await read(b)]).toEqual([kind.end, kind.end])
      for (const device of [a, b]) expect(device.deadLetters$.get()).toEqual([])
    },
  )
})
