import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonType } from '#lib/engine/ot/json-type.ts'
import type { OtType } from '#lib/engine/ot/ot-type.ts'
import { textType } from '#lib/engine/ot/text-type.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { noWork, PUSH_WORK_MAX } from '#lib/engine/push-work.ts'
import { movedItems, pairItems } from '#lib/engine/ot/list-pairs.ts'
import { cases } from '#tests/support/cases.ts'
import {
  deepValue,
  frozen,
  jsonValue,
  listOp,
  listStep,
  text,
  textOp,
} from '#tests/support/ot-arbitraries.ts'

function must<T>(result: Result<T, string>): T {
  if (!result.ok) throw new Error(result.error)
  return frozen(result.value)
}
const shown = (value: Json | undefined): string => (value === undefined ? 'nothing' : canonicalJson(value))

/** TP1: whichever of two operations on one document comes first, both ways end at the same one. */
function expectConvergence(type: OtType, document: Json | undefined, a: Json, b: Json): void {
  const left = must(type.parse(frozen(a)))
  const right = must(type.parse(frozen(b)))
  const one = must(
    type.apply(must(type.apply(frozen(document), left)), must(type.transform(right, left, 'right'))),
  )
  const two = must(
    type.apply(must(type.apply(frozen(document), right)), must(type.transform(left, right, 'left'))),
  )
  expect(shown(one)).toBe(shown(two))
}

const documentWithTextOps = text.chain((document) =>
  fc.tuple(fc.constant(document), textOp(document), textOp(document)),
)

describe('operations', () => {
  it('[CS5] that are joined into one have the effect of both', () => {
    const chained = text.chain((before) =>
      textOp(before).chain((first) => {
        const between = must(textType.apply(before, must(textType.parse(frozen(first)))))
        return fc.tuple(fc.constant(before), fc.constant(first), textOp(String(between)))
      }),
    )
    fc.assert(
      fc.property(chained, ([before, first, second]) => {
        const [a, b] = [must(textType.parse(frozen(first))), must(textType.parse(frozen(second)))]
        const both = must(textType.apply(before, must(textType.compose(a, b))))
        expect(both).toBe(must(textType.apply(must(textType.apply(before, a)), b)))
      }),
      { numRuns: cases(500) },
    )
    fc.assert(
      fc.property(jsonValue, jsonValue, jsonValue, (before, between, after) => {
        const made = [must(jsonType.diff(before, between)), must(jsonType.diff(between, after))]
        const [a, b] = made.map((op) => must(jsonType.parse(op))) as [Json, Json]
        expect(shown(must(jsonType.apply(before, must(jsonType.compose(a, b)))))).toBe(shown(after))
      }),
      { numRuns: cases(500) },
    )
  })

  it('[PU7] done again together make what they made one by one, and leave what they are given as it was', () => {
    fc.assert(
      fc.property(jsonValue, fc.array(jsonValue, { maxLength: 6 }), (start, values) => {
        const froms = [start, ...values]
        const ops = values.map((to, i) => must(jsonType.diff(froms[i], to)))
        expect(shown(must(jsonType.redo(frozen(start), ops)))).toBe(shown(froms.at(-1)))
      }),
      { numRuns: cases(500) },
    )
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 6 }), (start, values) => {
        const froms = [start, ...values]
        const ops = values.map((to, i) => must(textType.diff(froms[i], to)))
        expect(must(textType.redo(start, ops))).toBe(froms.at(-1))
      }),
      { numRuns: cases(500) },
    )
  })

  it('[CS5] that came behind a document write make one way with it, and what they put in stands apart from what stood', () => {
    const logged = fc.array(fc.tuple(text, fc.boolean()), { maxLength: 6 })
    fc.assert(
      fc.property(text, text, logged, text, (before, written, values, other) => {
        const froms = [written, ...values.map(([to]) => to)]
        const applied = values.map(([to, isOwn], i) => ({ ops: must(textType.diff(froms[i], to)), isOwn }))
        // Of another text they tell nothing, and the way is a guess.
        for (const after of [String(froms.at(-1)), other])
          expect(must(textType.apply(before, must(textType.diffSince(before, after, applied))))).toBe(after)
      }),
      { numRuns: cases(500) },
    )
    const ops: Json = must(textType.parse([4, '😅', 1, 'z']))
    const after = String(must(textType.redo('Abc abc', [ops])))
    const applied = [{ ops, isOwn: false }]
    expect(must(textType.diffSince('bc abc', after, applied))).toEqual(['A', 3, '😅', 1, 'z'])
  })

  it('[CS5] on a text converge in either order, also at one place, in what the other deletes, and at surrogate pairs', () => {
    fc.assert(
      fc.property(documentWithTextOps, ([document, a, b]) => expectConvergence(textType, document, a, b)),
      { numRuns: cases(2_000) },
    )
  })

  it('[CS5] on JSON converge in either order, also far down, with any names in any order', () => {
    const triple = fc.oneof(
      { weight: 9, arbitrary: fc.tuple(jsonValue, jsonValue, jsonValue) },
      { weight: 1, arbitrary: fc.tuple(deepValue, deepValue, jsonValue) },
    )
    fc.assert(
      fc.property(triple, ([document, mine, theirs]) => {
        const a = must(jsonType.diff(document, mine))
        const b = must(jsonType.diff(document, theirs))
        expect(shown(must(jsonType.apply(document, must(jsonType.parse(a)))))).toBe(shown(mine))
        expectConvergence(jsonType, document, a, b)
      }),
      { numRuns: cases(300) },
    )
  })

  it('[CS5] on lists converge, whatever is inserted, removed or moved where', () => {
    const steps = fc.array(listStep, { maxLength: 4 })
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Json>(1, 'a', []), { maxLength: 5 }), steps, steps, (l, a, b) => {
        const document = { l }
        expectConvergence(jsonType, document, listOp(document, a), listOp(document, b))
      }),
      { numRuns: cases(500) },
    )
  })

  it('[CS5] that differences of lists give let be what the other puts in, and take what either removes', () => {
    const item = fc.record({ at: fc.nat(9), isRemoved: fc.boolean() })
    const changed = (
      list: readonly number[],
      items: readonly { at: number; isRemoved: boolean }[],
      first: number,
    ) =>
      items.reduce<number[]>(
        (now, { at, isRemoved }, k) =>
          isRemoved ? now.filter((_, i) => i !== at) : now.toSpliced(at % (now.length + 1), 0, first + k),
        [...list],
      )
    const items = fc.array(item, { maxLength: 5 })
    fc.assert(
      fc.property(fc.nat(6), items, items, (length, mine, theirs) => {
        const before = Array.from({ length }, (_, i) => i)
        const [a, b] = [changed(before, mine, 100), changed(before, theirs, 200)]
        const [one, other] = [
          must(jsonType.diff({ l: before }, { l: a })),
          must(jsonType.diff({ l: before }, { l: b })),
        ]
        const after = must(
          jsonType.apply(
            must(jsonType.apply({ l: before }, one)),
            must(jsonType.transform(other, one, 'right')),
          ),
        ) as { readonly l: readonly number[] }
        const stays = before.filter((n) => a.includes(n) && b.includes(n))
        const come = [...a, ...b].filter((n) => n >= 100)
        expect([...after.l].sort((x, y) => x - y)).toEqual([...stays, ...come].sort((x, y) => x - y))
      }),
      { numRuns: cases(500) },
    )
  })

  it('[CS5] that a difference gives make one document of the other', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const op = must(textType.diff(before, after))
        expect(must(textType.parse(op))).toEqual(op)
        expect(must(textType.apply(before, op))).toBe(after)
      }),
      { numRuns: cases(500) },
    )
  })

  it('[CS5] that a list gives, whose items were changed, leaves what another did to the same item', () => {
    const item = (id: number, more: JsonObject): JsonObject => ({ id, ...more })
    const l = [item(1, { t: 'milk', done: false }), item(2, { t: 'eggs', done: false })]
    const mine = [item(0, { t: 'tea' }), item(1, { t: 'milk', done: true }), l[1] as Json, item(3, {})]
    const theirs = [item(1, { t: 'oat milk', done: false }), l[1] as Json]
    const [a, b] = [must(jsonType.diff(l, mine)), must(jsonType.diff(l, theirs))]
    const both = must(jsonType.apply(mine, must(jsonType.transform(b, a, 'right'))))
    expect(both).toEqual([item(0, { t: 'tea' }), item(1, { t: 'oat milk', done: true }), l[1], item(3, {})])
  })

  it('[CS5] that a list gives, whose items were moved, moves them once, with what another did in them', () => {
    const item = (id: string): JsonObject => ({ id, t: `text of ${id}` })
    const [m, e, a] = [item('m'), item('e'), item('a')]
    const both = (before: Json, mine: Json, theirs: Json): Json | undefined => {
      const [one, other] = [must(jsonType.diff(before, mine)), must(jsonType.diff(before, theirs))]
      expectConvergence(jsonType, before, one, other)
      return must(jsonType.apply(mine, must(jsonType.transform(other, one, 'right'))))
    }
    expect(both([m, e, a], [a, e, m], [a, e, m])).toEqual([a, e, m])
    const edited = { ...m, t: 'another text' }
    expect(both([m, e, a], [e, a, m], [edited, e, a])).toEqual([e, a, edited])
    expect(both([m, e, a], [e, a, { ...m, done: true }], [edited, e, a])).toEqual([
      e,
      a,
      { ...edited, done: true },
    ])
    expect(both(['x', 'y', 'z'], ['z', 'x', 'y'], ['x', 'new', 'y', 'z'])).toEqual(['z', 'x', 'new', 'y'])
    expect(both({ k: [m, e], l: ['x', 'y'] }, { k: [e, m], l: ['y', 'x'] }, { k: [m, e], l: ['x'] })).toEqual(
      {
        k: [e, m],
        l: ['x'],
      },
    )
  })

  it('[CS5] that lists of changed and moved objects give make one of the other, and converge', () => {
    const object = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.oneof(fc.nat(2), fc.constant([0, 1])),
    )
    const list = fc.array(object as fc.Arbitrary<Json>, { maxLength: 5 })
    // At one index names go of the one object, and a name between them comes to the other.
    const twoItems: Json[] = [{ id: 1 }, { id: 2, a: 1, c: 1 }]
    fc.assert(
      fc.property(list, list, list, (before, mine, theirs) => {
        const [a, b] = [must(jsonType.diff(before, mine)), must(jsonType.diff(before, theirs))]
        expect(shown(must(jsonType.apply(before, a)))).toBe(shown(mine))
        expect(must(jsonType.parse(a))).toEqual(a)
        expectConvergence(jsonType, before, a, b)
      }),
      { numRuns: cases(500), examples: [[twoItems, [{ id: 0 }, { id: 1, b: 9 }, { id: 2 }], twoItems]] },
    )
  })

  it('[CS5] tell items by their id or else by what they hold, each once, and number what is moved as parsed', () => {
    const bound = () => ({ pairs: 1_000 })
    expect(movedItems(['x', 'x'], ['x', 'x'], [])).toEqual([
      [0, 0],
      [1, 1],
    ])
    expect(movedItems([[['id', 1]]], [{ id: 1 }], [])).toEqual([])
    for (const name of ['id', '_id', 'key']) {
      const item = (id: Json, text: string): Json => ({ [name]: id, text, by: text })
      expect(pairItems([item(1, 'milk')], [item(1, 'bread')], bound())).toEqual([[0, 0]])
      expect(pairItems([item(1, 'milk')], [item(2, 'milk')], bound())).toEqual([])
      expect(pairItems([item(null, 'milk')], [item(null, 'bread')], bound())).toEqual([])
    }
    const turned = must(jsonType.diff(['a', 'b', 'c', 'd'], ['d', 'c', 'b', 'a']))
    expect(must(jsonType.parse(turned))).toEqual(turned)
  })

  it('[PU7] compare so many items in all lists of a document together, and say what it took', () => {
    const numbers = (first: Json, last: Json): Json[] => [
      first,
      ...Array.from({ length: 400 }, (_, i) => i),
      last,
    ]
    const work = noWork()
    const ends = must(jsonType.diff(numbers('a', 'b'), numbers('c', 'd'), work)) as Json[]
    expect(ends).toHaveLength(2)
    expect(work.spent).toBeGreaterThan(0)
    const lists = (step: number): Json =>
      Array.from({ length: 30 }, (_, id) => ({
        id,
        list: Array.from({ length: 1_000 }, (_, i) => (i * step + id) % 10),
      }))
    const all = noWork()
    const op = must(jsonType.diff(lists(1), lists(3), all))
    expect(shown(must(jsonType.apply(lists(1), op)))).toBe(shown(lists(3)))
    expect(all.spent).toBeLessThan(PUSH_WORK_MAX / 10)
  })

  it('[CS9] that a document made anew gives too, of any two, and takes no part of the former one along', () => {
    fc.assert(
      fc.property(jsonValue, jsonValue, text, text, (before, after, was, is) => {
        expect(shown(must(jsonType.apply(frozen(before), must(jsonType.renew(before, after)))))).toBe(
          shown(after),
        )
        const op = must(textType.renew(was, is))
        expect(must(textType.apply(was, op))).toBe(is)
        const cut = must(textType.diff(was, ''))
        expect(must(textType.apply(is, must(textType.transform(cut, op, 'left'))))).toBe(is)
      }),
      { numRuns: cases(150) },
    )
  })

  it('[CS5] of more places than an operation has replaces the whole', () => {
    const names = (from: number): JsonObject =>
      Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`n${from + i}`, i]))
    for (const way of ['diff', 'renew'] as const) {
      const op = must(jsonType[way](names(0), names(700)))
      expect(must(jsonType.apply(names(0), op))).toEqual(names(700))
    }
  })
})
