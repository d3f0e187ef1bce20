import { describe, expect, it } from 'vitest'
import { hasOutdatedVerdict } from '#lib/engine/check-outcome.ts'
import { FAILED_TRIES_MAX, waitAfterTries } from '#lib/engine/failed-tries.ts'
import type { AuthorityVerdict } from '#lib/engine/types.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import {
  DEVICE_A,
  DEVICE_B,
  EngineWorld,
  mutationBy,
  patch,
  pushOf,
  put,
  rulesOf,
} from '#tests/support/engine-world.ts'

const guarded = () => new EngineWorld(rulesOf({ hasAuthority: true }))
const asked = (mutations: readonly Mutation[], verdict: AuthorityVerdict) => ({
  verdicts: new Map(mutations.map(({ id }) => [id, verdict])),
})
const ACCEPTED = { kind: 'accepted', recordVersion: 0 } as const

describe('the authority', () => {
  it('[AU1] what it accepts is written, what it refuses is a dead letter with its message', () => {
    const server = guarded()
    const [yes, no] = [mutationBy(DEVICE_A, put({ n: 1 })), mutationBy(DEVICE_A, put({ n: 2 }))]
    expect(server.push(DEVICE_A, [yes], asked([yes], ACCEPTED))).toMatchObject([{ status: 'applied' }])
    const refused = { kind: 'refused', recordVersion: 1, message: 'no such customer' } as const
    expect(server.push(DEVICE_A, [no], asked([no], refused))).toMatchObject([
      { status: 'dead_lettered', code: 'authority_refused', detail: 'no such customer' },
    ])
  })

  it('[AU1] one that says nothing, or was not asked, lets nothing through', () => {
    const server = guarded()
    const mutation = mutationBy(DEVICE_A, put({ n: 1 }))
    const away = { kind: 'unavailable', detail: 'no answer' } as const
    for (const changes of [{}, asked([mutation], away)])
      expect(server.push(DEVICE_A, [mutation], changes)).toMatchObject([
        { status: 'retry', code: 'authority_unavailable', retryAfterMs: 1_000 },
      ])
    expect(server.push(DEVICE_A, [mutation], asked([mutation], { kind: 'shed', retryAfterMs: 7 }))).toEqual([
      { id: mutation.id, status: 'shed', retryAfterMs: 7 },
    ])
    expect(server.record).toBeUndefined()
  })

  it('[AU1] schema and rules come first: what cannot apply does not wait for it', () => {
    const server = new EngineWorld(rulesOf({ hasAuthority: true, schema: false }))
    expect(server.send(DEVICE_A, put({}))).toMatchObject({ code: 'schema_mismatch' })
  })

  it('[AU2] an answer holds for the version it was given on, not for the push’s own versions', () => {
    const server = guarded()
    const first = mutationBy(DEVICE_A, put({ n: 1 }))
    const second = mutationBy(DEVICE_A, patch({ n: 2 }), { after: first.id })
    const both = pushOf(DEVICE_A, [first, second], asked([first, second], ACCEPTED))
    expect(hasOutdatedVerdict(server.world, both)).toBe(false)
    expect(server.take(both)).toMatchObject([{ status: 'applied' }, { status: 'applied' }])
    const late = mutationBy(DEVICE_A, patch({ n: 3 }), { baseVersion: 2 })
    const outdated = pushOf(DEVICE_A, [late], asked([late], { kind: 'accepted', recordVersion: 1 }))
    expect(hasOutdatedVerdict(server.world, outdated)).toBe(true)
    expect(server.take(outdated)).toMatchObject([{ status: 'retry', code: 'contention' }])
    expect(hasOutdatedVerdict(server.world, pushOf(DEVICE_A, [late]))).toBe(true)
  })

  it('[DL4] what fails for the moment is retried, and a dead letter after twenty tries', () => {
    const server = guarded()
    const mutation = mutationBy(DEVICE_A, put({ n: 1 }))
    const child = mutationBy(DEVICE_A, patch({ n: 2 }), { after: mutation.id })
    const tried = (tries: number) => {
      server.world = { ...server.world, failedTries: new Map([[mutation.id, tries]]) }
      return server.push(DEVICE_A, [mutation, child])
    }
    expect(tried(FAILED_TRIES_MAX - 2)).toMatchObject([
      { status: 'retry', retryAfterMs: waitAfterTries(FAILED_TRIES_MAX - 1) },
      { status: 'retry', code: 'parent_retry' },
    ])
    expect(tried(FAILED_TRIES_MAX - 1)).toMatchObject([
      { status: 'dead_lettered', code: 'exhausted', detail: 'tried 20 times: it was not asked' },
      { status: 'dead_lettered', code: 'parent_dead_lettered' },
    ])
  })

  it.each([
    ['says nothing', undefined],
    ['is behind an open breaker', { kind: 'shed', retryAfterMs: 7 }],
  ] as const)('[DL4] one that %s makes no dead letter of what waited behind a conflict', (_, verdict) => {
    const server = new EngineWorld(rulesOf({ strategy: 'manual' }))
    server.send(DEVICE_A, put({ a: 0 }))
    server.send(DEVICE_B, patch({ a: 1 }), { baseVersion: 1 })
    const parent = mutationBy(DEVICE_A, patch({ a: 2 }), { baseVersion: 1 })
    const child = mutationBy(DEVICE_A, patch({ b: 3 }), { baseVersion: 1, after: parent.id })
    const [contested] = server.push(DEVICE_A, [parent, child])
    const resolves = contested?.status === 'conflict' ? contested.conflictId : ''
    const rules = rulesOf({ strategy: 'manual', hasAuthority: true })
    server.world = { ...server.world, collections: new Map([[rules.name, rules]]) }
    const decision = mutationBy(DEVICE_A, put({ a: 2 }), { baseVersion: 2, resolves })
    const said = new Map<string, AuthorityVerdict>([[decision.id, { kind: 'accepted', recordVersion: 2 }]])
    if (verdict) said.set(child.id, verdict)
    expect(server.push(DEVICE_A, [decision], { verdicts: said })).toMatchObject([{ status: 'applied' }])
    const [, released] = server.last.effects
    expect(released).toMatchObject({
      result: { id: child.id, status: 'conflict' },
      releasedBy: resolves,
      deadLetter: null,
      conflict: { outcome: 'manual', local: { a: 2, b: 3 }, remote: { a: 2 }, fields: ['/b'] },
    })
    const again = released?.result.status === 'conflict' ? released.result.conflictId : ''
    const later = mutationBy(DEVICE_A, put({ a: 2, b: 3 }), { baseVersion: 3, resolves: again })
    const yes = asked([later], { kind: 'accepted', recordVersion: 3 })
    expect(server.push(DEVICE_A, [later], yes)).toMatchObject([{ status: 'applied' }])
    expect(server.last.effects[0]?.closes).toMatchObject({ conflictId: again, kept: 'mine' })
  })

  it('[DL4] waits double up to three hours, about a day in all', () => {
    const waits = Array.from({ length: FAILED_TRIES_MAX - 1 }, (_, n) => waitAfterTries(n + 1))
    expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000])
    const hours = waits.reduce((sum, wait) => sum + wait, 0) / 3_600_000
    expect(hours).toBeGreaterThan(18)
    expect(hours).toBeLessThan(30)
  })

  it('[DL4] a replay that fails for the moment leaves its letter open and counts none', () => {
    const server = guarded()
    const mutation = mutationBy(DEVICE_A, put({ n: 1 }))
    server.push(DEVICE_A, [mutation], asked([mutation], { kind: 'refused', recordVersion: 0, message: 'no' }))
    server.world = { ...server.world, failedTries: new Map([[mutation.id, 99]]) }
    const result = server.push(DEVICE_A, [mutation], { replayOf: 'letter' })
    expect(result).toMatchObject([{ status: 'retry', code: 'authority_unavailable' }])
    expect(server.world.mutations.get(mutation.id)?.deadLetter).toBe('open')
  })
})

describe('edited replays', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } } }

  it('[AF4] children follow an edited replay to the mutation that took its place', () => {
    const server = new EngineWorld(rulesOf({ schema }))
    const bad = mutationBy(DEVICE_A, put({ n: 'x' }))
    const child = mutationBy(DEVICE_A, patch({ m: 1 }), { after: bad.id })
    server.push(DEVICE_A, [bad])
    const edited = { ...bad, id: mutationBy(DEVICE_A, put({})).id, op: put({ n: 1 }) }
    const [result] = server.push(DEVICE_A, [edited], { replayOf: 'letter', editOf: bad.id })
    expect(result).toMatchObject({ id: edited.id, status: 'applied' })
    expect(server.world.mutations.get(bad.id)).toMatchObject({
      deadLetter: 'replayed',
      replacedBy: edited.id,
    })
    expect(server.push(DEVICE_A, [child])).toMatchObject([{ status: 'applied' }])
    expect(server.text).toBe('{"m":1,"n":1}')
  })

  it('[ID3] an edit that dies again has no effect but on its letter', () => {
    const server = new EngineWorld(rulesOf({ schema }))
    const bad = mutationBy(DEVICE_A, put({ n: 'x' }))
    server.push(DEVICE_A, [bad])
    const edited = { ...bad, id: mutationBy(DEVICE_A, put({})).id, op: put({ n: 'y' }) }
    const [result] = server.push(DEVICE_A, [edited], { replayOf: 'letter', editOf: bad.id })
    expect(result).toMatchObject({ status: 'dead_lettered', deadLetterId: 'letter' })
    expect(server.world.mutations.has(edited.id)).toBe(false)
    expect(server.world.mutations.get(bad.id)).toMatchObject({ deadLetter: 'open', replacedBy: null })
  })
})
