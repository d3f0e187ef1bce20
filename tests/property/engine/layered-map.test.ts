import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LayeredMap } from '#lib/engine/layered-map.ts'

describe('layered map', () => {
  it('[PU4] reads like the one map that it stands for, and leaves those below as they were', () => {
    const layer = fc.array(fc.tuple(fc.nat(30), fc.nat(9)), { maxLength: 12 })
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 12 }), (drawn) => {
        let layered: ReadonlyMap<number, number> = new Map()
        const plain = new Map<number, number>()
        for (const entries of drawn) {
          const below = layered
          const before = [...below]
          layered = LayeredMap.over(below, new Map(entries))
          for (const [key, value] of entries) plain.set(key, value)
          expect([...below]).toEqual(before)
          expect([...layered].sort()).toEqual([...plain].sort())
        }
        for (let key = 0; key <= 30; key++)
          expect([layered.get(key), layered.has(key)]).toEqual([plain.get(key), plain.has(key)])
        expect(layered.size).toBe(plain.size)
        expect([...layered.keys()].sort()).toEqual([...plain.keys()].sort())
        expect([...layered.values()].sort()).toEqual([...plain.values()].sort())
        let visited = 0
        layered.forEach((value, key) => (visited += Number(plain.get(key) === value)))
        expect(visited).toBe(plain.size)
      }),
    )
  })
})
