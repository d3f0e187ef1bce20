import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FieldMask } from '#lib/application/dead-letters/field-mask.ts'
import { maskWords } from '#lib/application/dead-letters/mask-words.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { holdsMask, isMask } from '#lib/protocol/mask.ts'
import type { Operation } from '#lib/protocol/mutation.ts'

const SECRET = Buffer.alloc(32, 7)
const maskOf = (
  masked: readonly string[],
  upMigrations: ConstructorParameters<typeof FieldMask>[2]['upMigrations'] = [],
) => new FieldMask(SECRET, 'letter', { masked, upMigrations })
const shown = (op: Operation, ...masked: string[]): string => JSON.stringify(maskOf(masked).op(op))

describe('masks', () => {
  test('[DL20] hide what lies at a pointer and below it, by any name or index where it says so', () => {
    const data = { a: { b: 1, c: 'x' }, list: [{ n: 'one', m: 1 }, { n: 'two' }], d: null }
    expect(maskOf(['/a']).document(data)).toEqual({
      ...data,
      a: expect.stringMatching(/^‹masked [0-9a-f]{6}›$/),
    })
    const { list } = maskOf(['/list/*/n', '/missing']).document(data) as { list: { n: string; m?: number }[] }
    expect(list.map(({ n, m }) => [isMask(n), m])).toEqual([
      [true, 1],
      [true, undefined],
    ])
    expect(Object.values(maskOf(['']).document(data) ?? {}).every((value) => isMask(value))).toBe(true)
    expect(maskOf([]).document(data)).toBe(data)
  })

  test('[DL20] reach into every kind of operation', () => {
    const secret = 'Quincy'
    const hlc = 'h'
    const ops: readonly Operation[] = [
      { type: 'put', data: { who: secret } },
      { type: 'patch', set: { who: secret } },
      { type: 'patch', set: { '/who': secret } },
      { type: 'patch', set: { '/who/name': secret } },
      { type: 'crdt', changes: [{ path: '/who', kind: 'lww-register', value: secret, hlc }] },
      { type: 'crdt', changes: [{ path: '/who', kind: 'or-set', add: [{ value: secret, dot: 'd:1' }] }] },
      { type: 'crdt', changes: [{ path: '/who', kind: 'text', update: secret }] },
      { type: 'ot', path: '/who', kind: 'text', baseRevision: 1, ops: [secret] },
    ]
    for (const op of ops) expect(shown(op, '/who')).not.toContain(secret)
    expect(shown({ type: 'patch', set: { who: { name: secret, age: 3 } } }, '/who/name')).toMatch(/"age":3/)
    const counter = { path: '/who', kind: 'g-counter', state: { device: 4711 } } as const
    expect(shown({ type: 'crdt', changes: [counter] }, '/who')).not.toContain('4711')
  })

  test('[DL20] hide a field under the names that it had in older schema versions', () => {
    const upMigrations = [
      { from: 1, to: 2, ops: [{ op: 'rename' as const, path: '/by', to: '/author' }] },
      { from: 2, to: 3, ops: [{ op: 'rename' as const, path: '/author', to: '/people/reporter' }] },
    ]
    const mask = maskOf(['/people/reporter'], upMigrations)
    const document = mask.document({ by: 'Q', author: 'Q', people: { reporter: 'Q', other: 'R' } })
    expect(JSON.stringify(document)).not.toContain('"Q"')
    expect(JSON.stringify(document)).toContain('"R"')
    // A field that is renamed into itself has no end of names.
    const loop = [{ from: 1, to: 2, ops: [{ op: 'rename' as const, path: '/a/b', to: '/a' }] }]
    expect(maskOf(['/a'], loop).document({ a: 1, z: 2 })).toMatchObject({ z: 2 })
  })

  test('[DL20] an operation that is shown and taken back is the one that it was, whatever is masked', () => {
    const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
    const data = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', '__proto__', 'list'),
      json,
    ) as fc.Arbitrary<JsonObject>
    const pointers = fc.uniqueArray(
      fc.constantFrom('', '/a', '/b/0', '/*/a', '/list/*', '/__proto__', '/c/b'),
      {
        maxLength: 4,
      },
    )
    fc.assert(
      fc.property(data, pointers, fc.boolean(), (document, masked, asPatch) => {
        const op: Operation = asPatch ? { type: 'patch', set: document } : { type: 'put', data: document }
        const mask = maskOf(masked)
        const back = mask.unmasked(mask.op(op), op, mask.values(null, op))
        expect(JSON.stringify(back)).toBe(JSON.stringify(op))
        expect(holdsMask(back as unknown as Json)).toBe(false)
      }),
    )
  })

  test('[DL20] totals of a masked counter come back where they were left empty, and no others', () => {
    const counter = { path: '/n', kind: 'pn-counter', state: { p: { device: 3 }, n: {} } } as const
    const op: Operation = { type: 'crdt', changes: [counter] }
    const mask = maskOf(['/n'])
    expect(mask.unmasked(mask.op(op), op, new Map())).toEqual(op)
    const other: Operation = { type: 'crdt', changes: [{ ...counter, state: { p: { device: 5 } } }] }
    expect(mask.unmasked(other, op, new Map())).toEqual(other)
  })
})

/** What `maskWords` says, by a pattern. */
function byPattern(text: string, values: readonly (string | number)[]): string {
  const words = values.map((value) => String(value).trim()).filter((word) => word !== '')
  if (words.length === 0) return text
  const any = words
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    .join('|')
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${any})(?![\\p{L}\\p{N}])`, 'giu')
  return text.replace(pattern, (found) => `<${found.length}>`)
}

describe('words', () => {
  const hide = (value: Json): string => `<${String(value)}>`
  test('[DL20] lose the values that they repeat, as words of their own', () => {
    expect(maskWords('QUINCY of 12 is no quincying 123', ['Quincy', 12], hide)).toBe(
      '<Quincy> of <12> is no quincying 123',
    )
    expect(maskWords('a (b.c) d', [{ deep: ['(b.c)'] }], hide)).toBe('a <(b.c)> d')
    expect(maskWords('true null  ', [true, null, ''], hide)).toBe('true null  ')
    expect(maskWords('-5 is less than 0', [-5], hide)).toBe('<-5> is less than 0')
  })
  test('[DL20] lose them in any case of letters, other alphabets among them', () => {
    expect(maskWords('an ΟΔΟΣ, a Straße', ['οδος', 'STRAẞE'], hide)).toBe('an <οδος>, a <STRAẞE>')
    expect(maskWords('a \u{1d400}x \u{10400}', ['x', '\u{10428}'], hide)).toBe('a \u{1d400}x <\u{10428}>')
  })
  test('[DL20] are found as one pattern of all values finds them', () => {
    const part = fc.constantFrom(
      'a',
      'B',
      'ab',
      'σς',
      'Σ',
      'ſ',
      's',
      '\u212a',
      'k',
      'İ',
      ' ',
      '-',
      '.',
      '7',
      '\u{1d400}',
    )
    const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, fc.array(fc.oneof(text, fc.nat(99)), { maxLength: 4 }), (said, values) => {
        // In a text of one place which of two values that differ in case is told is nobody's concern.
        const plain = (value: Json): string => `<${String(value).trim().length}>`
        expect(maskWords(said, values, plain)).toBe(byPattern(said, values))
      }),
    )
  })
  test('[DL20] of any value make no pattern that fails', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string({ unit: 'binary' }),
        (text, value) => void maskWords(text, [value], hide),
      ),
    )
  })
})
