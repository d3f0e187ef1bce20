import { expect, it } from 'vitest'
import { TEXTS_SINCE_CHARS_MAX, tellTextsSince } from '#lib/application/sync/texts-since.ts'
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
const record = (recordId: string, changes: Partial<RecordTexts> = {}): RecordTexts => ({
  collection: 'pages',
  recordId,
  version: 9,
  deleted: false,
  data: JSON.stringify({ body: 'some more words' }),
  versionVector: '{}',
  hlc: 'x',
  schemaVersion: 1,
  crdt: JSON.stringify({ '/body': NOW }),
  ...changes,
})
/** Of a page in the middle of a run, which began at 4. */
const reads = [{ collection: 'pages', afterVersion: 7, heldVersion: 4, textsSince: true }]

/** Which records were looked at, and those that were told by what came to them. */
async function toldOf(records: readonly RecordTexts[], fromChars: number) {
  const looked: string[] = []
  const statesAt = async (_: string, places: readonly RecordAt[]) => {
    looked.push(...places.map(({ recordId, version }) => `${recordId} at ${version}`))
    const then = { version: 4, schemaVersion: 1, crdt: { '/body': THEN } }
    return new Map(places.map(({ collection, recordId }) => [recordKey(collection, recordId), then]))
  }
  const storage = { sync: { statesAt } } as unknown as Pick<Storage, 'sync'>
  const whole = records.map((each) => ({ record: each, ot: undefined }))
  const told = await tellTextsSince(storage, 'fleet', reads, whole, fromChars)
  const since = told.filter((each) => each.record.textsSince).map((each) => each.record.recordId)
  return { looked, since }
}

it('[TK9] only what the device may hold is looked at: nothing removed, nothing begun since, nothing of other collections', async () => {
  const records = [
    record('removed', { deleted: true, data: 'null' }),
    record('begun since', { life: 7 }),
    record('elsewhere', { collection: 'notes' }),
    record('edited', { life: 3 }),
  ]
  expect(await toldOf(records, 0)).toEqual({ looked: ['edited at 4'], since: ['edited'] })
  expect(await toldOf(records, 1_000)).toEqual({ looked: [], since: [] })
})

it('[TK9] as many as their characters allow are looked at, and one however long it is', async () => {
  const crdt = JSON.stringify({ '/body': NOW, '/more': 'x'.repeat(TEXTS_SINCE_CHARS_MAX / 2) })
  const long = ['a', 'b', 'c'].map((id) => record(id, { crdt }))
  expect((await toldOf(long, 0)).looked).toEqual(['a at 4'])
  const shorter = ['a', 'b', 'c'].map((id) => record(id, { crdt: crdt.replace('x'.repeat(1_000), '') }))
  expect((await toldOf(shorter, 0)).looked).toEqual(['a at 4', 'b at 4'])
})
