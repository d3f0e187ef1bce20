import { describe, expect, it } from 'vitest'
import type { Json } from '#lib/kernel/json.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { Operation, OtOperation } from '#lib/protocol/mutation.ts'
import {
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  EngineWorld,
  mutationBy,
  patch,
  put,
  rulesOf,
} from '#tests/support/engine-world.ts'

const text = (ops: Json, baseRevision = 0): OtOperation => ({
  type: 'ot',
  path: '/t',
  kind: 'text',
  baseRevision,
  ops,
})
const json = (ops: Json, baseRevision = 0): OtOperation => ({ ...text(ops, baseRevision), kind: 'json' })

const KINDS = [
  ['ot', {}],
  ['field-merge', { '/t': 'ot' }],
] as const
const ways = (value: Json): readonly Operation[] => [patch({ t: value }), put({ t: value })]

describe.each(KINDS)('an operation by %s from before the path had any', (strategy, fieldStrategies) => {
  /** A record of `start`, which C writes as a document before it operates on it. */
  function written(start: Json, write: Operation, first: OtOperation): EngineWorld {
    const server = new EngineWorld(rulesOf({ strategy, fieldStrategies }))
    server.send(DEVICE_A, put({ t: start }))
    server.send(DEVICE_C, write, { baseVersion: 1 })
    const logged = server.record?.ot?.['/t']?.revision ?? 0
    server.send(DEVICE_C, { ...first, baseRevision: logged }, { baseVersion: 2 })
    return server
  }
  const late = (server: EngineWorld, op: OtOperation): MutationResult =>
    server.send(DEVICE_B, op, { baseVersion: 1 })
  const standsAt = ({ record }: EngineWorld): Json | undefined => record?.data?.['t']

  it('[CS5] lands where it was made, behind a document write and an operation on that', () => {
    for (const write of ways('FIRST abcdef')) {
      const server = written('abcdef', write, text(['OP ']))
      expect(late(server, text([3, 'X']))).toMatchObject({ status: 'applied' })
      expect(standsAt(server)).toBe('OP FIRST abcXdef')
    }
  })

  it('[CS5] takes away what it saw, be it that others took some of that too', () => {
    for (const write of ways('FIRST a b d e f')) {
      const server = written('a b c d e f', write, text([8, { d: 2 }]))
      expect(late(server, text([1, { d: 6 }]))).toMatchObject({ status: 'applied' })
      expect(standsAt(server)).toBe('FIRST a e f')
    }
  })

  it('[CS5] lands inside of a word that others operated in, too', () => {
    for (const write of ways('FIRST abcdef')) {
      const server = written('abcdef', write, text([9, 'O', 2, 'P']))
      expect(late(server, text([1, 'X', 4, 'Y']))).toMatchObject({ status: 'applied' })
      expect(standsAt(server)).toBe('FIRST aXbcOdeYPf')
      const cut = written('abcdef', write, text([8, { d: 1 }]))
      expect(late(cut, text([1, 'X', 3, { d: 1 }]))).toMatchObject({ status: 'applied' })
      expect(standsAt(cut)).toBe('FIRST aXbdf')
    }
  })

  it('[CS5] of JSON lands at its item', () => {
    for (const write of ways(['first', 'a', 'b', 'c'])) {
      const server = written(['a', 'b', 'c'], write, json([0, { i: 'op' }]))
      expect(late(server, json([2, { i: 'x' }]))).toMatchObject({ status: 'applied' })
      expect(standsAt(server)).toEqual(['op', 'first', 'a', 'b', 'x', 'c'])
    }
  })

  it('[CS5] is what the next of its chain stands on, be it the first one there itself', () => {
    for (const write of ways('FIRST abcdef'))
      for (const others of [[], [text(['OP '])]]) {
        const server = new EngineWorld(rulesOf({ strategy, fieldStrategies }))
        server.send(DEVICE_A, put({ t: 'abcdef' }))
        server.send(DEVICE_C, write, { baseVersion: 1 })
        const logged = server.record?.ot?.['/t']?.revision ?? 0
        for (const op of others) server.send(DEVICE_C, { ...op, baseRevision: logged }, { baseVersion: 2 })
        const one = mutationBy(DEVICE_B, text([3, 'X']), { baseVersion: 1 })
        const two = mutationBy(DEVICE_B, text([5, 'Y']), { baseVersion: 1, after: one.id })
        const three = mutationBy(DEVICE_B, text([8, 'Z']), { baseVersion: 1, after: two.id })
        server.push(DEVICE_B, [one, two])
        server.push(DEVICE_B, [three])
        expect(standsAt(server)).toBe(`${others.length > 0 ? 'OP ' : ''}FIRST abcXdYefZ`)
      }
  })

  it('[CS5] is told by each operation of others where no document was written between', () => {
    const server = new EngineWorld(rulesOf({ strategy, fieldStrategies }))
    server.send(DEVICE_A, put({ t: 'abcdef' }))
    server.send(DEVICE_C, text(['1']), { baseVersion: 1 })
    server.send(DEVICE_C, text(['2'], 1), { baseVersion: 2 })
    expect(late(server, text([3, 'X']))).toMatchObject({ revision: 3, transformed: [['1'], ['2']] })
    expect(standsAt(server)).toBe('21abcXdef')
  })
})
