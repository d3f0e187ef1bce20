import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  measureChanges,
  measureConflicts,
  measureDelta,
  measureGaps,
  measureRecords,
  quantileOf,
} from '#lib/engine/review/measure.ts'
import { changedPlaces, contestedPlaces } from '#lib/engine/review/sides.ts'
import { decideFieldMerge } from '#lib/engine/conflict/field-merge.ts'

const sides = (base: object | null, local: object | null, remote: object | null, baseKnown = true) =>
  contestedPlaces({ base, local, remote, baseKnown } as never)

describe('what a conflict is over', () => {
  it.each([
    ['different fields', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 2 }, []],
    ['one field', { a: 1 }, { a: 2 }, { a: 3 }, ['/a']],
    ['one field, to the same value', { a: 1 }, { a: 2 }, { a: 2 }, []],
    ['names within an object', { o: { x: 1, y: 1 } }, { o: { x: 2, y: 1 } }, { o: { x: 1, y: 2 } }, []],
    ['an object and a name in it', { o: { x: 1 } }, { o: 'gone' }, { o: { x: 2 } }, ['/o']],
    ['a list as one value', { l: [1, 2] }, { l: [1] }, { l: [2] }, ['/l']],
    ['a record that one side deleted', { a: 1 }, null, { a: 2 }, ['']],
    ['a record that both made, of different fields', null, { a: 1 }, { b: 2 }, []],
    ['a record that both made, one field of it apart', null, { a: 1, b: 1 }, { a: 1, b: 2 }, ['/b']],
    ['a name with a slash', { 'a/b': 1 }, { 'a/b': 2 }, { 'a/b': 3 }, ['/a~1b']],
  ] as const)('[DR1] %s', (_, base, local, remote, places) => {
    expect(sides(base, local, remote)).toEqual(places)
  })

  it('[DR1] is not known without a base', () => {
    expect(sides(null, { a: 1 }, { a: 2 }, false)).toBeNull()
  })

  it('[DR1] is nothing exactly where a merge by field needs no rule', () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.record({ x: fc.nat(1), y: fc.nat(1) }))
    const document = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value, { maxKeys: 3 })
    fc.assert(
      fc.property(fc.option(document), document, document, (base, local, remote) => {
        const contested = sides(base, local, remote) ?? []
        const merged = decideFieldMerge(
          { kind: 'known', data: base } as never,
          { data: remote, hlc: '2', stamps: null } as never,
          { hlc: '1' } as never,
          { strategy: 'field-merge', fieldStrategies: {}, tieRule: 'manual', local } as never,
        )
        // Where both changed one place and came to one value there, there is nothing to settle.
        expect(contested.length === 0).toBe(merged.kind !== 'person')
      }),
    )
  })

  it('[DR1] of a document that differs everywhere is the document', () => {
    const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`k${i}`, i]))
    expect(changedPlaces({}, many as never)).toEqual([''])
  })
})

describe('figures of a sample', () => {
  it('[DR1] have the quantiles of the values, and none of nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (all, share) => {
          const inOrder = all.toSorted((a, b) => a - b)
          const quantile = quantileOf(inOrder, share) ?? -1
          expect(inOrder.filter((one) => one <= quantile).length).toBeGreaterThanOrEqual(
            share * all.length - 1e-9,
          )
          expect(inOrder.filter((one) => one < quantile).length).toBeLessThan(share * all.length + 1e-9)
        },
      ),
    )
    expect(quantileOf([], 0.5)).toBeNull()
    expect([measureRecords([]), measureChanges([]), measureGaps([[], [5]]), measureConflicts([])]).toEqual([
      null,
      null,
      null,
      null,
    ])
    expect(measureRecords([30, 10, 20])).toEqual({ sampled: 3, bytesP50: 20, bytesP95: 30, bytesMax: 30 })
  })

  it('[DR1] count writers by record, causes by change, and only what is no whole document against its own', () => {
    const change = (
      recordId: string,
      deviceId: string,
      type: 'put' | 'patch',
      bytes: number,
      isAfter = false,
    ) => ({
      recordId,
      deviceId,
      type,
      bytes,
      isAfter,
      committedAtMs: bytes,
    })
    const changes = [
      change('r1', 'd1', 'put', 100),
      change('r1', 'd2', 'patch', 10, true),
      change('r2', 'd1', 'patch', 20),
      change('r3', 'd1', 'patch', 30),
    ]
    expect(measureChanges(changes)).toEqual({
      sampled: 4,
      fromMs: 10,
      toMs: 100,
      kinds: { put: 1, patch: 3 },
      bytesP50: 20,
      withAfter: 1,
      records: 3,
      shared: 1,
      writersMax: 2,
    })
    const sizes = new Map([
      ['r1', 100],
      ['r2', 200],
    ])
    expect(measureDelta(changes, sizes)).toEqual({ changes: 2, changeBytes: 30, documentBytes: 300 })
    expect(measureDelta(changes.slice(0, 1), sizes)).toBeNull()
  })

  it('[DR1] have the gaps of each device apart from the others’', () => {
    expect(measureGaps([[30, 10, 20], [1_000], [0, 100]])).toEqual({
      devices: 2,
      count: 3,
      p50Ms: 10,
      p95Ms: 100,
    })
  })

  it('[DR1] have conflicts of a known base alone in what they are over', () => {
    const seen = (places: readonly string[] | null, createdAtMs: number) => ({ places, createdAtMs })
    expect(measureConflicts([seen([], 3), seen(['/a', '/b'], 2), seen(['/b'], 4), seen(null, 1)])).toEqual({
      sampled: 4,
      fromMs: 1,
      toMs: 4,
      knownBase: 3,
      disjoint: 1,
      fields: [
        { place: '/b', conflicts: 2 },
        { place: '/a', conflicts: 1 },
      ],
    })
  })
})
