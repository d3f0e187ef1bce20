import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CrdtGround, OwnChange } from '#lib/client/crdt-parts.ts'
import { noteJoined, rebasedOn } from '#lib/client/recent-rebases.ts'
import type { CrdtChange } from '#lib/protocol/crdt.ts'
import { cases } from '#tests/support/cases.ts'

const groundOf = (text: string): CrdtGround => ({
  rules: { strategy: 'crdt', fieldStrategies: {} },
  data: { text },
  states: {},
  hlc: '',
  written: new Set(),
})
const changesOf = (typed: string): readonly CrdtChange[] => [{ path: '/text', kind: 'text', update: typed }]
const typing = (typed: string): OwnChange => ({ op: { type: 'crdt', changes: changesOf(typed) }, hlc: typed })

/** Typed behind what is there; with an `x` in it a change doesn't fit. */
function typeIn(ground: CrdtGround, { op }: OwnChange): CrdtGround {
  const typed =
    op.type === 'crdt'
      ? op.changes.map((change) => (change.kind === 'text' ? change.update : '')).join('')
      : ''
  if (typed.includes('x')) return ground
  return { ...ground, data: { text: `${String(ground.data?.['text'])}${typed}` } }
}

describe('the own changes on top of a record, remembered', () => {
  it('[CS4] come to what they come to one by one, whatever was asked before and whatever was joined', () => {
    const typed = fc.constantFrom('a', 'b', 'ab', 'x')
    const step = fc.record({
      text: fc.constantFrom('', 's'),
      own: fc.array(typed, { maxLength: 6 }),
      joinsLast: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        for (const { text, own, joinsLast } of steps) {
          const changes = own.map(typing)
          expect(rebasedOn(groundOf(text), changes, typeIn)).toEqual(changes.reduce(typeIn, groundOf(text)))
          const [first, second] = own.slice(-2)
          if (!joinsLast || first === undefined || second === undefined) continue
          noteJoined(changesOf(first), changesOf(second), changesOf(`${first}${second}`))
          const joined = [...own.slice(0, -2), `${first}${second}`].map(typing)
          expect(rebasedOn(groundOf(text), joined, typeIn)).toEqual(joined.reduce(typeIn, groundOf(text)))
        }
      }),
      { numRuns: cases(2_000) },
    )
  })

  it('[CS4] are joined once each while more and more of them wait, also where the last two become one', () => {
    const waiting: string[] = []
    let steps = 0
    const counted: typeof typeIn = (ground, change) => {
      steps++
      return typeIn(ground, change)
    }
    const seen = (): string =>
      String(rebasedOn(groundOf('counted:'), waiting.map(typing), counted).data?.['text'])
    for (let n = 0; n < 200; n++) {
      waiting.push(`${n},`)
      seen()
      seen()
      const [first = '', second = ''] = waiting.slice(-2)
      if (n % 3 === 0 || waiting.length < 2) continue
      noteJoined(changesOf(first), changesOf(second), changesOf(`${first}${second}`))
      waiting.splice(-2, 2, `${first}${second}`)
      seen()
    }
    expect(seen()).toBe(`counted:${Array.from({ length: 200 }, (_, n) => `${n},`).join('')}`)
    expect(steps).toBe(200)
  })
})
