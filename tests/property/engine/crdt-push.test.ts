import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EMPTY_OR_SET } from '#lib/engine/crdt/or-set.ts'
import { countBy, EMPTY_PN_COUNTER } from '#lib/engine/crdt/pn-counter.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { CrdtChange, CrdtStates } from '#lib/protocol/crdt.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import { cases } from '#tests/support/cases.ts'
import { DEVICES } from '#tests/support/engine-arbitraries.ts'
import { EngineWorld, rulesOf, stamp } from '#tests/support/engine-world.ts'
import { addToSet, removeFromSet } from '#tests/support/or-set-edits.ts'

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
  readonly kind: 'count' | 'add' | 'remove' | 'note' | 'put' | 'patch' | 'delete' | 'anew'
  readonly by: number
  readonly name: (typeof NAMES)[number]
  readonly names: readonly string[]
  /** How many versions ago the device last pulled. */
  readonly behind: number
  readonly atMs: number
}
const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(2),
  kind: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('count', 'add', 'remove', 'note', 'put', 'patch') },
    { weight: 1, arbitrary: fc.constant('delete') },
    { weight: 2, arbitrary: fc.constant('anew') },
  ),
  by: fc.integer({ min: -5, max: 5 }),
  name: fc.constantFrom(...NAMES),
  names: fc.subarray([...NAMES]),
  behind: fc.nat(8),
  atMs: fc.nat(3),
})

/** One version, as a device may have seen it. */
interface Version {
  readonly oracle: Oracle
  readonly states: CrdtStates
  readonly life: number
  readonly deleted: boolean
}
type Edit = Exclude<Step['kind'], 'delete' | 'anew'>

/** What the device sends, and what a server that only adds up makes of it. */
function carryOut(
  { kind, by, name, names, who }: Omit<Step, 'kind'> & { readonly kind: Edit },
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

/** The same on a life of the record that is over: steps count, what was put in is in, removals find nothing. */
function carriedOver(
  { kind, by, name, names }: Omit<Step, 'kind'> & { readonly kind: Edit },
  n: number,
  hlc: string,
  seen: Oracle,
  now: Oracle,
): Oracle {
  const had = new Set(seen.tags.values())
  const has = new Set(now.tags.values())
  const isWhole = kind === 'put' || kind === 'patch'
  const tags = new Map(now.tags)
  for (const [i, tag] of (isWhole ? names : kind === 'add' ? [name] : []).entries())
    if (!had.has(tag) && !has.has(tag)) tags.set(n * 10 + i + 1_000_000, tag)
  const value = isWhole ? `${name}!` : kind === 'note' ? name : null
  const isOlder = [seen.note, now.note].some((note) => note && note.hlc >= hlc)
  const isNew = value !== null && ![seen.note?.value, now.note?.value].includes(value) && !isOlder
  return {
    n: isWhole || kind === 'count' ? now.n + by : now.n,
    tags,
    note: isNew ? { value, hlc } : now.note,
  }
}

/** A server with everything that it ever was; three devices that are behind it, and each other. */
class Run {
  private readonly server = new EngineWorld(rules)
  private readonly history: Version[] = [{ oracle: NOTHING, states: {}, life: 0, deleted: false }]
  /** Each device has seen what its own changes made. */
  private readonly own = [0, 0, 0]

  take(each: Step, i: number): void {
    const now = this.history.at(-1) as Version
    const hlc = stamp(DEVICES[each.who] as string, each.atMs, i)
    const { kind } = each
    if (kind === 'anew') return this.makeAnew(each, hlc, now)
    if (now.life === 0 && kind === 'delete') return
    if (kind === 'delete') {
      if (now.deleted) return
      return this.send(each.who, { type: 'delete' }, this.newest, hlc, { ...now, deleted: true })
    }
    this.edit({ ...each, kind }, i, hlc, now)
  }

  private get newest(): number {
    return this.history.length - 1
  }

  private makeAnew({ who, by, name, names }: Step, hlc: string, now: Version): void {
    if (now.life > 0 && !now.deleted) return
    const data = { n: by, tags: names, note: name }
    const tags = new Map(names.map((tag, i) => [-1 - i - 10 * this.newest, tag]))
    const oracle = { n: by, tags, note: { value: name, hlc } }
    const next = { oracle, life: now.life + 1, deleted: false }
    this.send(who, { type: 'put', data }, 0, hlc, next)
  }

  private edit(
    each: Omit<Step, 'kind'> & { readonly kind: Edit },
    i: number,
    hlc: string,
    now: Version,
  ): void {
    let baseVersion = Math.max(0, this.newest - each.behind)
    // What it made of a former life it had seen when that ended; nobody edits what he knows to be deleted.
    if (this.history[baseVersion]?.life !== now.life || now.deleted)
      baseVersion = Math.max(baseVersion, this.own[each.who] as number)
    const seen = this.history[baseVersion] as Version
    if (seen.deleted || (seen.life === 0 && now.life > 0)) return
    const ofLife = this.history.findLast(({ life }) => life === seen.life) as Version
    const { op, next } = carryOut(each, i, hlc, seen, ofLife.states, now.oracle)
    const oracle = seen.life === now.life ? next : carriedOver(each, i, hlc, seen.oracle, now.oracle)
    const life = Math.max(1, now.life)
    this.send(each.who, op, baseVersion, hlc, { oracle, life, deleted: false })
  }

  private send(
    who: number,
    op: Operation,
    baseVersion: number,
    hlc: string,
    next: Omit<Version, 'states'>,
  ): void {
    const result = this.server.send(DEVICES[who] as string, op, { baseVersion, hlc })
    expect(result).toMatchObject({
      status: expect.stringMatching(/^(applied|merged)$/),
      version: this.history.length,
    })
    const { data = null, crdt = {} } = this.server.record ?? {}
    if (!next.deleted) {
      expect(data?.['n'] ?? 0).toBe(next.oracle.n)
      expect([...((data?.['tags'] ?? []) as readonly string[])].sort()).toEqual(tagsOf(next.oracle))
      expect(data?.['note']).toBe(next.oracle.note?.value)
    } else expect(data).toBeNull()
    this.own[who] = this.history.length
    this.history.push({ ...next, states: crdt })
  }
}

describe('pushes to CRDTs', () => {
  it('[CS4] of three devices that are behind each other come out as a naive count of everything, deletes and new lives included', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        const run = new Run()
        for (const [i, each] of steps.entries()) run.take(each, i)
      }),
      { numRuns: cases(200) },
    )
  })
})
