import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { joinDeltas } from '#lib/engine/crdt/apply-changes.ts'
import type { TextWriter } from '#lib/engine/crdt/text.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { decodeBase64, encodeBase64 } from '#lib/kernel/base64.ts'
import type { TextState } from '#lib/protocol/crdt.ts'
import { cases } from '#tests/support/cases.ts'

/** A character that nobody else writes, a pair of surrogates, so that what is lost or doubled shows. */
const character = (n: number): string => String.fromCodePoint(0x10000 + n)

const join = (state: TextState | null, delta: TextState): TextState => {
  if (!state) return delta
  const joined = joinDeltas({ '/t': state }, { '/t': delta }, yjsText)
  if (!joined.ok) throw new Error(joined.error.code)
  return joined.value['/t'] as TextState
}
const read = (state: TextState | null): string => {
  if (!state) return ''
  const text = yjsText.read(state)
  if (!text.ok) throw new Error(text.error)
  return text.value
}
const partsOf = (state: TextState): ReturnType<typeof Y.decodeUpdate>['structs'] =>
  Y.decodeUpdate(decodeBase64(state.update) as Uint8Array).structs
const writersOf = (state: TextState): number => new Set(partsOf(state).map(({ id }) => id.client)).size

interface Step {
  readonly who: number
  /** Where the range begins, in hundredths of the text: 0 and 100 are the ends, where writers meet. */
  readonly at: number
  readonly remove: number
  readonly insert: number
  readonly hears: number | null
}
const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(2),
  at: fc.oneof(fc.constantFrom(0, 50, 100), fc.nat(100)),
  remove: fc.oneof(fc.nat(2), fc.constant(1_000)),
  insert: fc.oneof(fc.nat(3), fc.constant(40)),
  hears: fc.option(fc.nat(2), { nil: null }),
})

/** A device that types from the state that it has, and goes on under its own number. */
class Device {
  state: TextState | null = null
  writer: TextWriter | undefined
  type(next: string, seed: string): TextState {
    const delta = yjsText.edit(this.state, next, seed, this.writer)
    if (!delta.ok) throw new Error(delta.error)
    this.writer = yjsText.writerOf(delta.value) ?? this.writer
    this.state = join(this.state, delta.value)
    return delta.value
  }
}

describe('writers of one text', () => {
  it('[CS4] lose and double no character, in any order of delivery, with repeats and with parts that come late', () => {
    const deliveries = fc.array(fc.nat(1_000), { maxLength: 40 })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 16 }), deliveries, (steps, order) => {
        const devices = [new Device(), new Device(), new Device()]
        const deltas: TextState[] = []
        const gone = new Set<string>()
        let written = 0
        for (const [i, { who, at, remove, insert, hears }] of steps.entries()) {
          const device = devices[who] as Device
          const theirs = hears === null ? null : (devices[hears]?.state ?? null)
          if (theirs) device.state = join(device.state, theirs)
          const before = Array.from(read(device.state))
          const from = Math.floor((before.length * at) / 100)
          const added = Array.from({ length: insert }, () => character(written++))
          for (const removed of before.slice(from, from + remove)) gone.add(removed)
          const next = [...before.slice(0, from), ...added, ...before.slice(from + remove)].join('')
          deltas.push(device.type(next, `${i}`))
          expect(read(device.state)).toBe(next)
        }
        const kept = Array.from({ length: written }, (_, n) => character(n)).filter((one) => !gone.has(one))
        const rest = deltas.map((delta, i) => ({ delta, key: order[i] ?? 0 }))
        rest.sort((a, b) => a.key - b.key)
        const late = [
          ...order.map((pick) => deltas[pick % deltas.length] as TextState),
          ...rest.map((r) => r.delta),
        ]
        const server = late.reduce<TextState | null>(join, null)
        expect(Array.from(read(server)).sort()).toEqual(kept.sort())
        const inOrder = deltas.reduce<TextState | null>(join, null)
        expect(read(server)).toBe(read(inOrder))
        for (const { state } of devices) expect(read(join(state, server as TextState))).toBe(read(server))
        expect(writersOf(server as TextState)).toBeLessThanOrEqual(devices.length)
      }),
      { numRuns: cases(12) },
    )
  })

  it('[CS9] have what they did in one life of it carried into another place by place: nothing beside it is written anew', () => {
    const steps = fc.array(step, { maxLength: 6 })
    fc.assert(
      fc.property(steps, steps, steps, (common, after, beside) => {
        let written = 0
        const typed = (state: TextState | null, all: readonly Step[], as: string): TextState => {
          const device = Object.assign(new Device(), { state })
          device.type(read(state), as)
          for (const [i, { at, remove, insert }] of all.entries()) {
            const before = Array.from(read(device.state))
            const from = Math.floor((before.length * at) / 100)
            const added = Array.from({ length: insert }, () => character(written++))
            const next = [...before.slice(0, from), ...added, ...before.slice(from + remove)].join('')
            device.type(next, `${as}${i}`)
          }
          return device.state as TextState
        }
        const was = typed(null, common, 'common')
        const is = typed(was, after, 'after')
        const onto = typed(null, [], 'onto')
        const other = yjsText.edit(onto, read(was), 'other')
        if (!other.ok) throw new Error(other.error)
        const life = join(onto, other.value)
        const carried = yjsText.carry(was, is, life, 'seed')
        if (!carried.ok) throw new Error(carried.error)
        expect(read(join(life, carried.value))).toBe(read(is))
        const old = new Set(read(was))
        const added = Array.from(read(is)).filter((each) => !old.has(each))
        const content = partsOf(carried.value).reduce((sum, { length }) => sum + length, 0)
        expect(content).toBe(added.join('').length)
        const elsewhere = typed(life, beside, 'beside')
        const both = Array.from(read(join(elsewhere, carried.value)))
        expect(new Set(both).size).toBe(both.length)
      }),
      { numRuns: cases(20) },
    )
  })

  it('[CS4] that took one number are told, and what the first one wrote stays', () => {
    const steps = fc.array(step, { maxLength: 6 })
    fc.assert(
      fc.property(steps, steps, steps, (common, ours, theirs) => {
        const base = Object.assign(new Y.Doc(), { clientID: 3 })
        let written = 0
        const type = (doc: Y.Doc, all: readonly Step[]): void => {
          for (const { at, insert } of all) {
            const text = doc.getText('t')
            // Pairs stay whole: positions are even.
            const from = Math.floor((text.length / 2) * (at / 100)) * 2
            text.insert(from, Array.from({ length: insert }, () => character(written++)).join(''))
          }
        }
        type(base, common)
        const before = Y.encodeStateVector(base)
        const typed = (all: readonly Step[]): TextState => {
          const doc = new Y.Doc()
          Y.applyUpdate(doc, Y.encodeStateAsUpdate(base))
          doc.clientID = 7
          type(doc, all)
          return { kind: 'text', update: encodeBase64(Y.encodeStateAsUpdate(doc, before)) }
        }
        const [left, right] = [typed(ours), typed(theirs)]
        const state = join({ kind: 'text', update: encodeBase64(Y.encodeStateAsUpdate(base)) }, left)
        expect(read(join(state, left))).toBe(read(state))
        const joined = joinDeltas({ '/t': state }, { '/t': right }, yjsText)
        if (writersOf(left) > 0 && writersOf(right) > 0)
          expect(joined).toEqual({ ok: false, error: { code: 'client_reused', path: '/t' } })
        else expect(joined.ok).toBe(true)
      }),
      { numRuns: cases(30) },
    )
  })
})
