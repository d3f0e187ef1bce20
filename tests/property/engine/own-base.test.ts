import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CollectionRules } from '#lib/engine/types.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import { cases } from '#tests/support/cases.ts'
import {
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  mutationBy,
  patch,
  put,
  rulesOf,
} from '#tests/support/engine-world.ts'

const KINDS: Readonly<Record<string, Partial<CollectionRules>>> = {
  ot: { strategy: 'ot' },
  otnamed: { strategy: 'ot', fieldStrategies: { '/t': 'ot' } },
  otfields: { strategy: 'field-merge', fieldStrategies: { '/t': 'ot' } },
  otlww: { strategy: 'lww', fieldStrategies: { '/t': 'ot' } },
}
const START = 'vwxyz'

interface Step {
  /**
   * `patch` and `put` leave the text out, `whole` says it with all else. `push`: the server has what waits, and its answer is
   * still to come; `hear`: the answers to so many of the first ones.
   */
  readonly what: 'insert' | 'cut' | 'whole' | 'patch' | 'put' | 'push' | 'hear'
  readonly byOther: boolean
  readonly at: number
}
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom<Step['what']>('insert', 'insert', 'cut', 'whole') },
    { weight: 3, arbitrary: fc.constantFrom<Step['what']>('patch', 'patch', 'put') },
    { weight: 5, arbitrary: fc.constantFrom<Step['what']>('push', 'hear') },
  ),
  byOther: fc.oneof(
    { weight: 2, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  at: fc.nat(9),
})

const EDITS: readonly Step['what'][] = ['insert', 'cut', 'whole']
const OF_N: readonly Step['what'][] = ['whole', 'patch', 'put']

/** A letter of its own for each edit. */
const letter = (n: number): string => String.fromCodePoint(0x4e00 + n)

/** Of the record that an answer leaves on its device. */
const versionOf = (result: MutationResult | null): number =>
  (result && 'record' in result && result.record?.version) ||
  (result && 'version' in result ? result.version : 0)

interface Link {
  readonly mutation: Mutation
  readonly saysText: boolean
  result: MutationResult | null
}

/** The server, the other device, which has no outbox, and one that writes documents while it waits for its answers. */
class Chain {
  readonly server: EngineWorld
  /** The server's text by version. */
  private readonly texts = new Map<number, string>()
  /** Letters, and what their writer saw left and right of each. */
  readonly typed = new Map<string, readonly [string, string]>(Array.from(START, (one) => [one, ['', '']]))
  private readonly links: Link[] = []
  private heard = 0
  private base = 0
  private shown = START
  private atMs = 0

  constructor(rules: Partial<CollectionRules>) {
    this.server = new EngineWorld(rulesOf({ tieRule: 'lww', ...rules }))
    const isNamed = rules.fieldStrategies !== undefined
    this.taken(this.server.send(DEVICE_B, put(isNamed ? { t: START, n: 0 } : { n: 0 })))
    // Where no field is named, only what was typed in is a text.
    const typing: Operation = { type: 'ot', path: '/t', kind: 'text', baseRevision: 0, ops: [START] }
    if (!isNamed) this.taken(this.server.send(DEVICE_B, typing, { baseVersion: 1 }))
    this.base = this.server.record?.version ?? 0
  }

  get text(): string {
    return String(this.server.record?.data?.['t'])
  }

  private taken(result: MutationResult): MutationResult {
    this.texts.set(this.server.record?.version ?? 0, this.text)
    expect(['applied', 'merged', 'superseded']).toContain(result.status)
    return result
  }

  /** The text behind an insertion or a cut. */
  private edited(text: string, { what, at }: Step, k: number): string {
    if (what === 'cut') {
      const one = text.charAt(at % text.length)
      this.typed.delete(one)
      return text.replace(one, '')
    }
    const before = text.slice(0, at % (text.length + 1))
    this.typed.set(letter(k), [before, text.slice(before.length)])
    return before + letter(k) + text.slice(before.length)
  }

  take(step: Step, k: number): void {
    this.atMs += 10
    if (step.what === 'push') return this.push()
    if (step.what === 'hear') return this.hear(step.at)
    const before = step.byOther ? this.text : this.shown
    const isEdit = EDITS.includes(step.what) && !(step.what === 'cut' && before === '')
    const t = isEdit ? this.edited(before, step, k) : before
    const set: JsonObject = { ...(isEdit ? { t } : {}), ...(OF_N.includes(step.what) ? { n: k } : {}) }
    const op = step.what === 'put' || step.what === 'whole' ? put(set) : patch(set)
    if (step.byOther) {
      const { version = 0 } = this.server.record ?? {}
      this.taken(this.server.send(DEVICE_B, op, { baseVersion: version, atMs: this.atMs }))
      return
    }
    // What it has the answer to stands in its base.
    const after = this.links.slice(this.heard).at(-1)?.mutation.id
    const changes = { baseVersion: this.base, atMs: this.atMs, ...(after ? { after } : {}) }
    this.links.push({ mutation: mutationBy(DEVICE_A, op, changes), saysText: isEdit, result: null })
    this.shown = t
  }

  /** All that the server hasn't had. */
  push(): void {
    for (const link of this.links)
      link.result ??= this.taken(this.server.push(DEVICE_A, [link.mutation])[0] as MutationResult)
  }

  /** What others wrote is shown once no text of its own waits that was written without it. */
  private hear(count: number): void {
    const told = this.links.slice(this.heard, this.heard + count).filter(({ result }) => result)
    this.heard += told.length
    for (const { result } of told) this.base = Math.max(this.base, versionOf(result))
    const waits = this.links.slice(this.heard).some(({ saysText }) => saysText)
    if (told.length > 0 && !waits) this.shown = this.texts.get(this.base) ?? this.shown
  }
}

function expectOrder(text: string, typed: Chain['typed']): void {
  for (const [at, one] of Array.from(text).entries()) {
    const [left, right] = typed.get(one) ?? ['', '']
    for (const other of left)
      if (text.includes(other)) expect([one, other, text.indexOf(other) < at]).toEqual([one, other, true])
    for (const other of right)
      if (text.includes(other)) expect([one, other, text.indexOf(other) > at]).toEqual([one, other, true])
  }
}

function run(name: string, steps: readonly Step[]): void {
  const chain = new Chain(KINDS[name] as Partial<CollectionRules>)
  for (const [k, each] of steps.entries()) chain.take(each, k)
  chain.push()
  expect(Array.from(chain.text).toSorted()).toEqual([...chain.typed.keys()].toSorted())
  expectOrder(chain.text, chain.typed)
  // The later stamp has it.
  const latest = steps.findLastIndex(({ what }) => OF_N.includes(what))
  if (name === 'otnamed' || name === 'otfields')
    expect(chain.server.record?.data?.['n']).toBe(Math.max(latest, 0))
}

const mine = (...all: readonly Step['what'][]): Step[] =>
  all.map((what) => ({ what, byOther: false, at: what === 'hear' ? 3 : 0 }))
const others = (...all: readonly Step['what'][]): Step[] =>
  mine(...all).map((each) => ({ ...each, byOther: true }))
/** Found once, where the tie over another field was lost behind the newer base. */
const FOUND: readonly [Step[]][] = [
  [
    mine('insert', 'patch', 'insert').concat(others('insert', 'patch'), mine('insert', 'push', 'hear'), {
      what: 'insert',
      byOther: false,
      at: 4,
    }),
  ],
]

describe('a chain of documents whose links have bases of their own, beside another device', () => {
  it.each(Object.keys(KINDS))(
    '[AF2] [CS5] %s: holds each letter that was written and not cut, once and where it was written, whatever was superseded',
    (name) => {
      const law = fc.property(fc.array(step, { minLength: 3, maxLength: 18 }), (steps) => run(name, steps))
      fc.assert(law, { numRuns: FOUND.length + cases(300), examples: [...FOUND] })
    },
    60_000,
  )
})
