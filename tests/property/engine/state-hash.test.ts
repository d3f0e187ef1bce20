import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EMPTY_STATE, addToState, formatStates, parseStates, stateText } from '#lib/engine/state-hash.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import { uuid } from '#tests/support/engine-world.ts'

const record = fc.record({
  recordId: fc.integer({ min: 0, max: 40 }).map((n) => uuid('a', n)),
  version: fc.integer({ min: 1, max: 1_000 }),
  data: fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2 })) as fc.Arbitrary<JsonObject>,
})
const hashOf = (rows: readonly Parameters<typeof addToState>[1][]): string =>
  stateText(rows.reduce(addToState, EMPTY_STATE))
const turned = (data: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(data).reverse()) as JsonObject

/** docs/state-hash.md, in numbers of any size. */
function asThePageSays(text: string): string {
  const units = Array.from({ length: text.length }, (_, i) => BigInt(text.charCodeAt(i)))
  const lane = (start: bigint, factor: bigint, end: bigint): string => {
    const times = (a: bigint, b: bigint): bigint => BigInt.asUintN(32, a * b)
    let h = units.reduce((sum, unit) => times(sum ^ unit, factor), start) ^ end
    h = times(h ^ (h >> 16n), 0x85ebca6bn)
    h = times(h ^ (h >> 13n), 0xc2b2ae35n)
    return (h ^ (h >> 16n)).toString(16).padStart(8, '0')
  }
  return lane(0x811c9dc5n, 0x01000193n, BigInt(text.length)) + lane(0x9e3779b9n, 0x85ebca6bn, 0n)
}

describe('the state hash', () => {
  it('[SH1] is the same in any order of records and of keys, and grows one record at a time', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), fc.integer(), (rows, seed) => {
        const shuffled = [...rows].sort(
          (a, b) => ((a.version * 31 + seed) % 7) - ((b.version * 31 + seed) % 7),
        )
        expect(hashOf(shuffled.map((row) => ({ ...row, data: turned(row.data) })))).toBe(hashOf(rows))
        expect(hashOf(rows)).toMatch(/^[0-9a-f]{16}$/)
      }),
    )
  })

  it('[SH1] is what the page for other clients says, whose example is one', () => {
    const page = readFileSync(new URL('../../../docs/state-hash.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| `([0-9a-f-]{36})` \| (\d+) \| `(.*)` \| `([0-9a-f]{16})` \|$/gm)].map(
      ([, recordId = '', version, text = '', told = '']) => ({
        recordId,
        version: Number(version),
        text,
        told,
      }),
    )
    expect(rows).toHaveLength(2)
    const parsed = rows.map(({ text, ...row }) => ({ ...row, data: JSON.parse(text) as JsonObject }))
    for (const { told, ...row } of parsed) expect(hashOf([row])).toBe(told)
    expect(page).toContain(formatStates({ 'work-orders': hashOf(parsed), empty: hashOf([]) }))
    fc.assert(
      fc.property(record, (row) => {
        expect(hashOf([row])).toBe(asThePageSays(`${row.recordId} ${row.version} ${canonicalJson(row.data)}`))
      }),
    )
  })

  it('[SH1] tells any one change of a record, and any record that is missing', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 12 }), fc.nat(), (rows, pick) => {
        const i = pick % rows.length
        const row = rows[i] as (typeof rows)[number]
        const replaced = (next: (typeof rows)[number]) => hashOf(rows.map((one, j) => (i === j ? next : one)))
        const before = hashOf(rows)
        expect(replaced({ ...row, version: row.version + 1 })).not.toBe(before)
        expect(replaced({ ...row, data: { ...row.data, 'a new key': 1 } })).not.toBe(before)
        expect(hashOf(rows.filter((_, j) => j !== i))).not.toBe(before)
      }),
    )
  })

  it('[SH1] has few collisions among similar records', () => {
    const seen = new Set<string>()
    for (let n = 0; n < 20_000; n++)
      seen.add(hashOf([{ recordId: uuid('a', n), version: n % 50, data: { n } }]))
    expect(seen.size).toBe(20_000)
  })

  it('[SH1] any text is read without a throw, and ours comes back', () => {
    const states = fc.dictionary(
      fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/),
      fc.stringMatching(/^[0-9a-f]{16}$/),
      {
        minKeys: 1,
      },
    )
    fc.assert(
      fc.property(states, (known) => {
        expect(parseStates(formatStates(known))).toEqual(known)
      }),
    )
    fc.assert(fc.property(fc.string(), (text) => void parseStates(text)))
    expect(parseStates('nonsense')).toBeNull()
  })
})
