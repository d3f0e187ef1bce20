import fc from 'fast-check'
import { type as json1 } from 'ot-json1'
import type { Doc, JSONOp } from 'ot-json1'
import { codePoints } from '#lib/kernel/code-points.ts'
import type { Json } from '#lib/kernel/json.ts'

/** What breaks naive texts: pairs of surrogates, joiners, combining marks, line ends, names that are code elsewhere. */
const PIECES = [
  'a',
  'b',
  ' ',
  '\n',
  '😅',
  '👻',
  'e\u0301',
  '👩\u200d👧',
  '\ufeff',
  '__proto__',
  'xyz',
] as const
export const text = fc.oneof(
  { weight: 9, arbitrary: fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((all) => all.join('')) },
  { weight: 1, arbitrary: fc.constantFrom('', '😅'.repeat(300), 'ab'.repeat(2_000)) },
)

type RawComponent = string | number | { readonly d: number }
/** Inserts, skips and deletes; small counts, so that two operations meet, and now and then everything. */
export const rawTextOp: fc.Arbitrary<readonly RawComponent[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...PIECES) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 3 }) },
    { weight: 3, arbitrary: fc.record({ d: fc.integer({ min: 0, max: 3 }) }) },
    { weight: 1, arbitrary: fc.constant({ d: 10_000 }) },
  ),
  { maxLength: 7 },
)

/** The operation as far as the document goes. */
export function cutTo(document: string, raw: readonly RawComponent[]): Json {
  let left = codePoints(document)
  const within = (n: number): number => {
    const taken = Math.min(n, left)
    left -= taken
    return taken
  }
  return raw.map((c) => (typeof c === 'string' ? c : typeof c === 'number' ? within(c) : { d: within(c.d) }))
}
export const textOp = (document: string): fc.Arbitrary<Json> => rawTextOp.map((raw) => cutTo(document, raw))

const KEYS = ['a', 'b', '', '__proto__', '~__proto__', 'constructor', '0', 'toString'] as const
const leaf: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 1.5, '', 'x', '😅', {}, []),
  text,
)
/** Objects whose keys come in any order, `__proto__` among them as data. */
const objectOf = (value: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(...KEYS), value), { selector: ([key]) => key, maxLength: 4 })
    .map(
      (entries) =>
        JSON.parse(
          `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join()}}`,
        ) as Json,
    )
const deeper = (value: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc.oneof(leaf, objectOf(value), fc.array(value, { maxLength: 4 }) as fc.Arbitrary<Json>)
export const jsonValue: fc.Arbitrary<Json> = deeper(deeper(deeper(leaf)))
/** A value far down. */
export const deepValue = fc
  .tuple(jsonValue, fc.array(fc.constantFrom(...KEYS), { minLength: 10, maxLength: 24 }))
  .map(([value, keys]) =>
    keys.reduce<Json>(
      (inside, key) => JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(inside)}}`) as Json,
      value,
    ),
  )

/** One step on a list, as the library's own functions make it. */
interface ListStep {
  readonly kind: 'insert' | 'remove' | 'move'
  readonly at: number
  readonly to: number
  readonly value: Json
}
export const listStep: fc.Arbitrary<ListStep> = fc.record({
  kind: fc.constantFrom('insert', 'remove', 'move'),
  at: fc.nat(5),
  to: fc.nat(5),
  value: fc.constantFrom<Json>(0, 'x', [], {}),
})

/** Steps on the list at `l` of `{l: [...]}` as one operation; a step that doesn't fit is left out. */
export function listOp(document: { readonly l: readonly Json[] }, steps: readonly ListStep[]): Json {
  let op: JSONOp = null
  let length = document.l.length
  for (const { kind, at, to, value } of steps) {
    if (kind === 'insert') {
      op = json1.compose(op, ['l', Math.min(at, length), { i: value as Doc }])
      length += 1
    } else if (length > 0) {
      const from = at % length
      const target = to % length
      if (kind === 'remove') {
        op = json1.compose(op, ['l', from, { r: true }])
        length -= 1
      } else if (from !== target) op = json1.compose(op, ['l', ...moveWithin(from, target)])
    }
  }
  return (op ?? null) as Json
}

const moveWithin = (from: number, to: number): (number | object)[][] =>
  from < to
    ? [
        [from, { p: 0 }],
        [to, { d: 0 }],
      ]
    : [
        [to, { d: 0 }],
        [from, { p: 0 }],
      ]

/** So that a library that changes what it was given shows itself. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) frozen(item)
    Object.freeze(value)
  }
  return value
}
