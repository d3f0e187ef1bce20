import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addToSet, EMPTY_OR_SET, removeFromSet } from '#lib/engine/crdt/or-set.ts'
import { countBy, EMPTY_PN_COUNTER } from '#lib/engine/crdt/pn-counter.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { CrdtChange, CrdtStates } from '#lib/protocol/crdt.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import { cases } from '#tests/support/cases.ts'
import { DEVICES } from '#tests/support/engine-arbitraries.ts'
import { EngineWorld, rulesOf, stamp } from '#tests/support/engine-world.ts'

const rules = rulesOf({ strategy: 'crdt', fieldStrategies: { '/n': 'crdt', '/tags': 'crdt' } })
const NAMES = ['a', 'b', 'c'] as const

/** What the record must read as: a sum, the additions that no removal saw, and the newest note. */
interface Oracle {
  readonly n: number
  /** Element by the number of the write that added it. */
  readonly tags: ReadonlyMap<number, string>
  readonly note: { readonly value: string; readonly hlc: string } | null
}
const NOTHING: Oracle = { n: 0, tags: new Map(), note: null }
const tagsOf = ({ tags }: Oracle): readonly string[] => [...new Set(tags.values())].sort()

interface Step {
  readonly who: number
  readonly kind: 'count' | 'add' | 'remove' | 'note' | 'put' | 'patch'
  readonly by: number
  readonly name: (typeof NAMES)[number]
  readonly names: readonly string[]
  /** How many versions ago the device last pulled. */
  readonly behind: number
  readonly atMs: number
}
const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(2),
  kind: fc.constantFrom('count', 'add', 'remove', 'note', 'put', 'patch'),
  by: fc.integer({ min: -5, max: 5 }),
  name: fc.constantFrom(...NAMES),
  names: fc.subarray([...NAMES]),
  behind: fc.nat(4),
  atMs: fc.nat(3),
})

/** What the device sends, and what a server that only adds up makes of it. */
function carryOut(
  { kind, by, name, names, who }: Step,
  n: number,
  hlc: string,
  seen: { readonly oracle: Oracle; readonly states: CrdtStates },
  newest: CrdtStates,
  now: Oracle,
): { readonly op: Operation; readonly next: Oracle } {
  const deviceId = DEVICES[who] as string
  const change = (...changes: CrdtChange[]): Operation => ({ type: 'crdt', changes })
  const without = (gone: (id: number, tag: string) => boolean): Map<number, string> =>
    new Map([...now.tags].filter(([id, tag]) => !gone(id, tag)))
  const note = (value: string): Oracle['note'] =>
    now.note && now.note.hlc >= hlc ? now.note : { value, hlc }
  // A device knows all that it counted and added itself, whatever it has pulled of the others.
  const [counter, set] = [newest['/n'], seen.states['/tags']]
  const own = newest['/tags']
  switch (kind) {
    case 'count': {
      const delta = countBy(counter?.kind === 'pn-counter' ? counter : EMPTY_PN_COUNTER, deviceId, by)
      if (!delta.ok) throw new Error(delta.error)
      return { op: change({ path: '/n', ...delta.value }), next: { ...now, n: now.n + by } }
    }
    case 'add': {
      const { add } = addToSet(own?.kind === 'or-set' ? own : EMPTY_OR_SET, deviceId, name)
      return {
        op: change({ path: '/tags', kind: 'or-set', add }),
        next: { ...now, tags: new Map([...now.tags, [n, name]]) },
      }
    }
    case 'remove': {
      const delta = removeFromSet(set?.kind === 'or-set' ? set : EMPTY_OR_SET, name)
      return {
        op: change({ path: '/tags', kind: 'or-set', ...delta }),
        next: { ...now, tags: without((id, tag) => tag === name && seen.oracle.tags.has(id)) },
      }
    }
    case 'note':
      return {
        op: change({ path: '/note', kind: 'lww-register', value: name, hlc }),
        next: { ...now, note: note(name) },
      }
    case 'put':
    case 'patch': {
      const data: JsonObject = { n: seen.oracle.n + by, tags: names, note: `${name}!` }
      const before = new Set(seen.oracle.tags.values())
      const kept = without((id, tag) => seen.oracle.tags.has(id) && !names.includes(tag))
      for (const [i, tag] of names.entries()) if (!before.has(tag)) kept.set(n * 10 + i + 1_000_000, tag)
      const unchanged = seen.oracle.note?.value === data['note']
      const next = { n: now.n + by, tags: kept, note: unchanged ? now.note : note(`${name}!`) }
      return { op: kind === 'put' ? { type: 'put', data } : { type: 'patch', set: data }, next }
    }
  }
}

describe('pushes to CRDTs', () => {
  it('[CS4] of three devices that are behind each other come out as a naive count of everything', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const server = new EngineWorld(rules)
        const history: { readonly oracle: Oracle; readonly states: CrdtStates }[] = [
          { oracle: NOTHING, states: {} },
        ]
        for (const [i, each] of steps.entries()) {
          const baseVersion = Math.max(0, history.length - 1 - each.behind)
          const [seen, newest] = [history[baseVersion], history.at(-1)]
          if (!seen || !newest) throw new Error('a version that is there')
          const deviceId = DEVICES[each.who] as string
          const hlc = stamp(deviceId, each.atMs, i)
          const { op, next } = carryOut(each, i, hlc, seen, newest.states, newest.oracle)
          expect(server.send(deviceId, op, { baseVersion, hlc })).toMatchObject({
            status: 'applied',
            version: i + 1,
          })
          const { data, crdt } = server.record ?? { data: null, crdt: {} }
          expect(data?.['n'] ?? 0).toBe(next.n)
          expect([...((data?.['tags'] ?? []) as readonly string[])].sort()).toEqual(tagsOf(next))
          expect(data?.['note']).toBe(next.note?.value)
          history.push({ oracle: next, states: crdt })
        }
      }),
      { numRuns: cases(150) },
    )
  })
})
