import { expect, it } from 'vitest'
import { TEXTS_SINCE_MAX, tellTextsSince } from '#lib/application/sync/texts-since.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { RecordTexts } from '#lib/engine/wire-record.ts'
import type { TextState } from '#lib/protocol/crdt.ts'
import type { RecordAt, Storage } from '#lib/storage/ports.ts'

const typed = (base: TextState | null, next: string): TextState => {
  const delta = yjsText.edit(base, next, next)
  const joined = delta.ok && base ? yjsText.merge(base, delta.value) : delta
  if (!joined.ok) throw new Error(joined.error)
  return joined.value
}
const THEN = typed(null, 'some words of before')
const NOW = typed(THEN, 'some more words')
const record = (recordId: string, deleted = false): RecordTexts => ({
  collection: 'pages',
  recordId,
  version: 9,
  deleted,
  data: deleted ? 'null' : JSON.stringify({ body: 'some more words' }),
  versionVector: '{}',
  hlc: 'x',
  schemaVersion: 1,
  crdt: JSON.stringify({ '/body': NOW }),
})

it('[TK9] what was removed takes no place of the texts that a page tells by what came to them', async () => {
  const looked: string[] = []
  const statesAt = async (_: string, places: readonly RecordAt[]) => {
    looked.push(...places.map(({ recordId }) => recordId))
    const then = { version: 4, schemaVersion: 1, crdt: { '/body': THEN } }
    return new Map(places.map(({ collection, recordId }) => [recordKey(collection, recordId), then]))
  }
  const storage = { sync: { statesAt } } as unknown as Pick<Storage, 'sync'>
  const removed = Array.from({ length: TEXTS_SINCE_MAX }, (_, i) => record(`removed ${i}`, true))
  const reads = [{ collection: 'pages', afterVersion: 4, textsSince: true }]
  const told = await tellTextsSince(storage, 'fleet', reads, [...removed, record('edited')], 0)
  expect(looked).toEqual(['edited'])
  expect(told.at(-1)?.textsSince).toHaveProperty(['/body', 'update'])
})
