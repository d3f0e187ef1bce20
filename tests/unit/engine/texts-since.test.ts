import { describe, expect, it } from 'vitest'
import { hash53 } from '#lib/engine/crdt/hash53.ts'
import { RecentJoins } from '#lib/engine/crdt/recent-joins.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { withTextsSince } from '#lib/engine/texts-since.ts'
import type { RecordTexts } from '#lib/engine/wire-record.ts'
import { wireText } from '#lib/engine/wire-record.ts'
import type { CrdtStates, TextState } from '#lib/protocol/crdt.ts'

const typed = (base: TextState | null, next: string): TextState => {
  const delta = yjsText.edit(base, next, next)
  const joined = delta.ok && base ? yjsText.merge(base, delta.value) : delta
  if (!joined.ok) throw new Error(joined.error)
  return joined.value
}
const THEN = typed(null, 'some words of before')
const NOW = typed(THEN, 'some more words')
const recordOf = (crdt: CrdtStates, data: object, changes: Partial<RecordTexts> = {}): RecordTexts => ({
  collection: 'pages',
  recordId: '019b8d2b-8c00-7000-8000-000000000001',
  version: 9,
  deleted: false,
  data: JSON.stringify(data),
  versionVector: '{}',
  hlc: 'x',
  schemaVersion: 2,
  crdt: JSON.stringify(crdt),
  ...changes,
})
const at = (crdt: CrdtStates, version = 4, schemaVersion = 2) => ({ version, schemaVersion, crdt })
const RECORD = recordOf({ '/body': NOW }, { title: 'x', body: 'some more words' })

describe('a text that is told by what came to it', () => {
  it('[TK9] is in the record no more, but the change and what it reads as', () => {
    const told = withTextsSince(RECORD, undefined, at({ '/body': THEN }), 0, yjsText)
    const since = yjsText.since(THEN, NOW)
    expect(told).toEqual({
      ...RECORD,
      data: '{"title":"x","body":""}',
      crdt: null,
      textsSince: { '/body': { update: since?.update, hash: hash53('some more words') } },
    })
    const joined = yjsText.merge(THEN, since as TextState)
    expect(joined.ok && yjsText.read(joined.value)).toEqual({ ok: true, value: 'some more words' })
    expect(JSON.parse(wireText(told))).toMatchObject({ textsSince: told.textsSince, data: { body: '' } })
    expect(JSON.parse(wireText(told))).not.toHaveProperty('crdt')
  })

  it('[TK9] lets other CRDTs of its record be, below others and under odd names', () => {
    const hits = { kind: 'g-counter', state: { a: 3 } } as const
    const crdt = { '/hits': hits, '/__proto__/a~1b': NOW, '/note': THEN }
    const data = JSON.parse(
      '{"hits":3,"__proto__":{"a/b":"some more words","c":1},"note":"some words of before"}',
    ) as object
    const told = withTextsSince(recordOf(crdt, data), undefined, at({ '/__proto__/a~1b': THEN }), 0, yjsText)
    expect(told.data).toBe('{"hits":3,"__proto__":{"a/b":"","c":1},"note":"some words of before"}')
    expect(JSON.parse(told.crdt ?? '')).toEqual({ '/hits': hits, '/note': THEN })
    expect(Object.keys(told.textsSince ?? {})).toEqual(['/__proto__/a~1b'])
  })

  it('[TK9] under OT is told by the operations that the page has anyway, where it has all of them', () => {
    const data = {
      title: 'x',
      body: 'some more words',
      note: 'as it was',
      tree: 'json',
      first: 'of a document',
    }
    const record = recordOf({}, data, { crdt: null })
    const ot = {
      '/body': { kind: 'text', revision: 3, ops: [[5, 'more ']] },
      '/note': { kind: 'text', revision: 9 },
      '/tree': { kind: 'json', revision: 1, ops: [] },
      // What the document was that it was made on, the log doesn't say.
      '/first': { kind: 'text', revision: 1, ops: [['of a ']] },
    } as const
    const told = withTextsSince(record, ot, at({}), 0, yjsText)
    expect(told).toEqual({
      ...record,
      data: '{"title":"x","body":"","note":"as it was","tree":"json","first":"of a document"}',
      textsSince: { '/body': { hash: hash53('some more words') } },
    })
    expect(withTextsSince(record, ot, at({}), 16, yjsText)).toEqual(record)
    expect(withTextsSince(record, undefined, at({}), 0, yjsText)).toEqual(record)
  })

  it.each([
    ['of a former life', { life: 5 }, at({ '/body': THEN })],
    ['of another schema version', {}, at({ '/body': THEN }, 4, 1)],
    ['that was something else', {}, at({ '/body': { kind: 'lww-register', hlc: 'x', value: 'a' } })],
    ['that was not there', {}, at({})],
    ['of which a part is gone', {}, at({ '/body': typed(null, 'of another writer') })],
  ])('[TK9] is told whole where the earlier one is %s', (_, changes, then) => {
    const record = { ...RECORD, ...changes }
    expect(withTextsSince(record, undefined, then, 0, yjsText)).toEqual(record)
  })

  it('[TK9] is told whole where that is no more: a short one, and one of which all is new', () => {
    expect(withTextsSince(RECORD, undefined, at({ '/body': THEN }), NOW.update.length + 1, yjsText)).toEqual(
      RECORD,
    )
    const empty = typed(typed(null, 'x'), '')
    const whole = recordOf({ '/body': typed(empty, 'y'.repeat(50)) }, { body: 'y'.repeat(50) })
    const told = withTextsSince(whole, undefined, at({ '/body': empty }), 0, yjsText)
    expect(wireText(told).length).toBeLessThanOrEqual(wireText(whole).length + 60)
  })
})

describe('which change made which state', () => {
  it('is known for the last ones, step by step', () => {
    const joins = new RecentJoins(1, 10)
    joins.keep('ab', { from: 'a', change: 'b' })
    joins.keep('abc', { from: 'ab', change: 'c' })
    expect(joins.between('a', 'abc')).toEqual(['b', 'c'])
    expect(joins.between('abc', 'abc')).toEqual([])
    expect([joins.between('abc', 'a'), joins.between('x', 'abc')]).toEqual([null, null])
    expect([joins.holds('abc', 'b'), joins.holds('ab', 'c')]).toEqual([true, false])
    joins.keep('abcd', { from: 'abc', change: 'd' })
    expect([joins.between('a', 'abcd'), joins.between('ab', 'abcd')]).toEqual([null, ['c', 'd']])
  })

  it('goes round in no circle: a change that brings nothing, and one whose state was made before', () => {
    const joins = new RecentJoins(1, 100)
    joins.keep('a', { from: 'a', change: 'x' })
    joins.keep('b', { from: 'a', change: 'y' })
    joins.keep('a', { from: 'b', change: 'z' })
    expect(joins.between('c', 'b')).toBeNull()
    expect(joins.holds('b', 'none')).toBe(false)
    expect(joins.between('a', 'b')).toEqual(['y'])
  })
})
