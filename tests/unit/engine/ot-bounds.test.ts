import { describe, expect, it } from 'vitest'
import { noWork } from '#lib/engine/push-work.ts'
import { integrate } from '#lib/engine/ot/integrate.ts'
import { JSON_PLACES_MAX } from '#lib/engine/ot/json-op.ts'
import { jsonType } from '#lib/engine/ot/json-type.ts'
import { TEXT_COMPONENTS_MAX, TEXT_UNITS_MAX, textType } from '#lib/engine/ot/text-type.ts'
import type { Json } from '#lib/kernel/json.ts'

const must = <T>(result: { ok: true; value: T } | { ok: false; error: string }): T => {
  if (!result.ok) throw new Error(result.error)
  return result.value
}
const timed = (work: () => void): number => {
  const startedMs = performance.now()
  work()
  return performance.now() - startedMs
}
/** Far more than it takes, and far less than what a quadratic step would. */
const LIMIT_MS = 2_000

describe('the costliest operations that are taken', () => {
  it('[CS5] of a text are passed by each other in bounded time', () => {
    const document = '😅'.repeat(TEXT_COMPONENTS_MAX)
    const many = Array.from({ length: TEXT_COMPONENTS_MAX }, (_, i) =>
      i % 2 === 0 ? 1 : i % 4 === 1 ? 'x' : { d: 1 },
    )
    const op = must(textType.parse(many))
    expect(
      timed(() => {
        must(textType.apply(document, op))
        must(textType.transform(op, op, 'left'))
      }),
    ).toBeLessThan(LIMIT_MS)
    expect(textType.parse([...many, 'x'])).toEqual({ ok: false, error: 'too_large' })
    const full = 'x'.repeat(TEXT_UNITS_MAX)
    expect(textType.apply(full, must(textType.parse(['y'])))).toEqual({ ok: false, error: 'too_large' })
  })

  it('[CS5] of JSON too, also where all that one moves the other removes', () => {
    const size = JSON_PLACES_MAX / 2 - 2
    const l = Array.from({ length: size }, (_, i) => ({ n: i }))
    const document = { l, m: [] }
    const removes = must(jsonType.parse(['l', ...l.map((_, i) => [i, { r: true }])] as Json))
    const moves = must(
      jsonType.parse([
        ['l', ...l.map((_, i) => [i, { p: i }])],
        ['m', ...l.map((_, i) => [i, { d: size - 1 - i }])],
      ] as Json),
    )
    expect(
      timed(() => {
        const one = must(
          jsonType.apply(
            must(jsonType.apply(document, removes)),
            must(jsonType.transform(moves, removes, 'right')),
          ),
        )
        const two = must(
          jsonType.apply(
            must(jsonType.apply(document, moves)),
            must(jsonType.transform(removes, moves, 'left')),
          ),
        )
        expect(one).toEqual(two)
      }),
    ).toBeLessThan(LIMIT_MS)
    const log = Array.from({ length: 500 }, (_, i) => ({
      revision: i + 1,
      version: i + 1,
      mutationId: `m${i}`,
      ops: moves,
      made: moves,
    }))
    let outcome: unknown
    expect(timed(() => (outcome = integrate(jsonType, log, new Set(), removes, noWork())))).toBeLessThan(
      5 * LIMIT_MS,
    )
    expect(outcome).toEqual({ ok: false, error: 'unknown_revision' })
    const wide = Array.from({ length: JSON_PLACES_MAX + 1 }, (_, i) => [`k${i}`, { i: 0 }])
    expect(jsonType.parse(wide as Json)).toEqual({ ok: false, error: 'too_large' })
    const deep = Array.from({ length: 200 }, () => 'a') as Json[]
    expect(jsonType.parse([...deep, { i: 0 }])).toEqual({ ok: false, error: 'too_large' })
  })
})
