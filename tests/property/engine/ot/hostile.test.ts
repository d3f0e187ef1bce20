import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { otLibrary } from '#lib/engine/ot/ot-library.ts'
import type { Json } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import { cases } from '#tests/support/cases.ts'
import { frozen, jsonValue, text } from '#tests/support/ot-arbitraries.ts'

const count = fc.oneof(fc.nat(4), fc.constantFrom(-1, 0.5, 1e9, Number.MAX_SAFE_INTEGER))
const wildText: fc.Arbitrary<Json> = fc.array(
  fc.oneof(count, text, fc.constantFrom('\ud800', ''), fc.record({ d: fc.oneof(count, text) }), jsonValue),
  { maxLength: 6 },
)
const key = fc.constantFrom<Json>('a', 'b', '', '__proto__', 'constructor', 0, 1, 3, -1, 1.5, 1e9)
const component = fc.record(
  {
    i: jsonValue,
    r: fc.constantFrom<Json>(true, 'x', null),
    p: count,
    d: count,
    es: wildText,
    ena: count,
    et: fc.constant('x'),
  },
  { requiredKeys: [] },
) as unknown as fc.Arbitrary<Json>
/** Lists of names, components and lists: most mean nothing, some almost something. */
const wildJson: fc.Arbitrary<Json> = fc.letrec<{ op: Json }>((tie) => ({
  op: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: key },
      { weight: 3, arbitrary: component },
      { weight: 2, arbitrary: tie('op') },
    ),
    {
      maxLength: 4,
    },
  ) as fc.Arbitrary<Json>,
})).op

describe('what comes from outside', () => {
  it.each([
    [otLibrary.text, wildText],
    [otLibrary.json, wildJson],
  ] as const)('[CS5] is taken or refused, never thrown at, and converges when it is taken', (type, wild) => {
    let taken = 0
    const document = type.kind === 'text' ? (text as fc.Arbitrary<Json>) : jsonValue
    fc.assert(
      fc.property(document, fc.oneof(wild, jsonValue), wild, (value, a, b) => {
        const [left, right] = [type.parse(frozen(a)), type.parse(frozen(b))]
        if (!left.ok || !right.ok) return
        expect(type.parse(left.value)).toEqual(left)
        const [one, two] = [type.apply(frozen(value), left.value), type.apply(value, right.value)]
        if (!one.ok || !two.ok) return
        const [rest, other] = [
          type.transform(right.value, left.value, 'right'),
          type.transform(left.value, right.value, 'left'),
        ]
        expect([rest.ok, other.ok]).toEqual([true, true])
        if (!rest.ok || !other.ok) return
        const [x, y] = [type.apply(one.value, rest.value), type.apply(two.value, other.value)]
        expect([x.ok, y.ok]).toEqual([true, true])
        if (x.ok && y.ok) expect(canonicalJson(x.value ?? null)).toBe(canonicalJson(y.value ?? null))
        taken += 1
      }),
      { numRuns: cases(1_500) },
    )
    expect(taken).toBeGreaterThan(cases(20))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
