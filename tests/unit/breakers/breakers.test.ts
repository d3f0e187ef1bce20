import { describe, expect, test } from 'vitest'
import type { BreakerChange } from '#lib/application/breakers/breakers.ts'
import { BREAKERS_MAX, Breakers, TRIPS_KEPT_MAX } from '#lib/application/breakers/breakers.ts'
import type { Verdict } from '#lib/application/breakers/pass.ts'
import type { Scope } from '#lib/application/breakers/scopes.ts'
import {
  ENGINE_SCOPE,
  backendScope,
  collectionScope,
  fleetOfScope,
  fleetScope,
  isWide,
} from '#lib/application/breakers/scopes.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { newUuid } from '#tests/support/device-world.ts'
import { BreakerJournal } from '#lib/application/breakers/journal.ts'
import { seededRandom } from '#lib/kernel/random.ts'

const FLEET = '01900000-0000-7000-8000-00000000f1ee'
const NOTES = collectionScope(FLEET, 'notes')

function world(storage = openMemoryStorage()) {
  const changes: BreakerChange[] = []
  let nowMs = Date.UTC(2026, 0, 5, 8)
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const journal = new BreakerJournal({ storage, processId: 'p', ids: newUuid })
  const breakers = new Breakers({
    journal,
    clock: { now: () => nowMs },
    random: seededRandom(3),
    log: quiet,
    onChange: (change) => changes.push(change),
  })
  const request = (scopes: readonly Scope[], verdict: Verdict | ((scope: Scope) => Verdict)) => {
    const pass = breakers.begin()
    const refusal = pass.enter(scopes)
    pass.end(typeof verdict === 'string' ? () => verdict : verdict)
    return refusal
  }
  const trip = (scopes: readonly Scope[]): void => {
    for (let n = 0; n < 20; n++) request(scopes, 'failed')
  }
  const stateOf = (scope: Scope) => breakers.list((one) => one === scope)[0]?.state ?? 'closed'
  return { breakers, journal, changes, request, trip, stateOf, wait: (ms: number) => void (nowMs += ms) }
}

describe('scopes', () => {
  test('[BR5] engine, fleet, collection and business backend each have their own', () => {
    const { trip, stateOf } = world()
    const scopes = [ENGINE_SCOPE, fleetScope(FLEET), NOTES, backendScope(FLEET, 'notes')]
    for (const scope of scopes) {
      expect(stateOf(scope)).toBe('closed')
      trip([scope])
      expect(stateOf(scope)).toBe('open')
    }
    expect(new Set(scopes).size).toBe(4)
    expect(scopes.map(isWide)).toEqual([true, true, false, false])
    expect(scopes.map(fleetOfScope)).toEqual([null, FLEET, FLEET, FLEET])
  })

  test('[BR2] a request is one call of each scope that it entered, and the verdict is by scope', () => {
    const { breakers, request } = world()
    request([ENGINE_SCOPE, NOTES], (scope) => (isWide(scope) ? 'good' : 'failed'))
    const tallies = breakers
      .list(() => true)
      .map(({ scope, window }) => [scope, window[0]?.calls, window[0]?.failures])
    expect(tallies).toEqual([
      [NOTES, 1, 1],
      [ENGINE_SCOPE, 1, 0],
    ])
  })

  test('[BR2] refused by one scope, a request is a call of none and takes no probe of another', () => {
    const { breakers, request, trip, stateOf, wait } = world()
    trip([ENGINE_SCOPE])
    wait(30_000)
    trip([NOTES])
    expect(request([ENGINE_SCOPE, NOTES], 'good')?.scope).toBe(NOTES)
    expect(stateOf(ENGINE_SCOPE)).toBe('open')
    for (let probe = 0; probe < 5; probe++) expect(request([ENGINE_SCOPE], 'good')).toBeNull()
    expect(stateOf(ENGINE_SCOPE)).toBe('closed')
    expect(breakers.refusal(NOTES)?.scope).toBe(NOTES)
  })
})

describe('passes', () => {
  test('[BR2] shed requests and a client’s own 4xx are no calls', () => {
    const { breakers, request } = world()
    for (let n = 0; n < 100; n++) request([ENGINE_SCOPE, fleetScope(FLEET)], 'void')
    expect(breakers.list(() => true)).toEqual([])
  })

  test('[BR2] in HALF_OPEN a request takes one probe a scope and gives it back, once, whatever it says', () => {
    const { breakers, trip, wait, stateOf } = world()
    trip([NOTES])
    wait(30_000)
    const passes = Array.from({ length: 5 }, () => breakers.begin())
    for (const pass of passes) expect(pass.enter([NOTES])).toBeNull()
    expect(breakers.begin().enter([NOTES])).not.toBeNull()
    passes[0]?.end(() => 'void')
    passes[0]?.end(() => 'failed')
    expect(stateOf(NOTES)).toBe('half_open')
    const sixth = breakers.begin()
    expect(sixth.enter([NOTES])).toBeNull()
    for (const pass of [...passes.slice(1), sixth]) pass.end(() => 'good')
    expect(stateOf(NOTES)).toBe('closed')
  })

  test('[BR2] more than 5 s is slow; time spent behind others’ work is not', () => {
    const { breakers, wait } = world()
    for (const waitedMs of [0, 3_000]) {
      const pass = breakers.begin()
      pass.enter([NOTES])
      wait(6_000)
      pass.waited(waitedMs)
      pass.end(() => 'good')
    }
    const slow = breakers.list(() => true)[0]?.window.map((second) => second.slow)
    expect(slow).toEqual([1, 0])
  })

  test('[BR2] the time that a device takes to send its body makes no call slow', () => {
    const { breakers, wait } = world()
    const pass = breakers.begin()
    pass.enter([ENGINE_SCOPE])
    wait(60_000)
    pass.begun()
    wait(4_000)
    pass.end(() => 'good')
    expect(breakers.list(() => true)[0]?.window).toMatchObject([{ calls: 1, slow: 0 }])
  })

  test('[BR3] what is refused is told when to come back: never before the end, and spread', () => {
    const { breakers, trip } = world()
    trip([NOTES])
    const told = Array.from({ length: 200 }, () => breakers.refusal(NOTES)?.retryAfterMs ?? 0)
    expect(Math.min(...told)).toBeGreaterThanOrEqual(30_000)
    expect(Math.max(...told)).toBeLessThanOrEqual(45_001)
    expect(Math.max(...told) - Math.min(...told)).toBeGreaterThan(10_000)
  })
})

describe('work behind one breaker', () => {
  const BACKEND = backendScope(FLEET, 'notes')

  test('[BR5] throws and failures by value trip it; open, the work is not done', async () => {
    const { breakers, stateOf } = world()
    let done = 0
    const work = async (): Promise<string> => (done++, 'timed_out')
    for (let n = 0; n < 10; n++) {
      await expect(breakers.call(BACKEND, () => Promise.reject(new Error('refused')))).rejects.toThrow(
        'refused',
      )
      await breakers.call(BACKEND, work, (value) => value === 'timed_out')
    }
    expect(stateOf(BACKEND)).toBe('open')
    expect(await breakers.call(BACKEND, work)).toMatchObject({ kind: 'open', refusal: { scope: BACKEND } })
    expect(done).toBe(10)
  })

  test('[BR5] good answers are done and leave it closed', async () => {
    const { breakers, stateOf } = world()
    for (let n = 0; n < 30; n++)
      expect(await breakers.call(BACKEND, async () => n)).toEqual({ kind: 'done', value: n })
    expect(stateOf(BACKEND)).toBe('closed')
  })
})

describe('what a process keeps', () => {
  test('[BR6] two processes know nothing of each other’s breakers', () => {
    const [sick, well] = [world(), world()]
    sick.trip([ENGINE_SCOPE])
    expect(sick.request([ENGINE_SCOPE], 'good')).not.toBeNull()
    expect(well.request([ENGINE_SCOPE], 'good')).toBeNull()
  })

  test('changes are told with their trip; the newest trips are kept', () => {
    const { breakers, changes, request, trip, wait } = world()
    trip([NOTES])
    expect(changes).toEqual([{ scope: NOTES, state: 'open', retryAfterMs: 30_000 }])
    for (let n = 0; n < 2 * TRIPS_KEPT_MAX; n++) {
      wait(300_000)
      request([NOTES], 'failed')
    }
    expect(changes.map(({ state }) => state).slice(0, 3)).toEqual(['open', 'half_open', 'open'])
    const [snapshot] = breakers.list(() => true)
    expect(snapshot?.trips).toHaveLength(TRIPS_KEPT_MAX)
    expect(snapshot?.trips.at(-1)).toMatchObject({ openMs: 300_000 })
  })

  test('scopes without end do not make breakers without end, and never push out one that is open', () => {
    const { breakers, request, trip, wait, stateOf } = world()
    trip([NOTES])
    for (let n = 0; n < BREAKERS_MAX + 100; n++) request([fleetScope(String(n))], 'good')
    expect(breakers.list(() => true)).toHaveLength(BREAKERS_MAX)
    wait(61_000)
    request([fleetScope('new')], 'good')
    expect(breakers.list(() => true).map(({ scope }) => scope)).toEqual([NOTES, fleetScope('new')])
    expect(stateOf(NOTES)).toBe('open')
  })
})

test('[BR3] a trial that fails is told by its own calls, not by those that tripped it before', async () => {
  const storage = openMemoryStorage()
  const { breakers, journal, request, trip, wait } = world(storage)
  trip([NOTES])
  wait(30_000)
  request([NOTES], 'good')
  request([NOTES], 'good')
  request([NOTES], 'failed')
  await journal.flush(Date.UTC(2026, 0, 5, 8, 1))
  const range = { fromMs: 0, toMs: Date.UTC(2027, 0) }
  const trips = (await storage.breakers.changes([NOTES], range, 10)).flatMap((one) => one.trip ?? [])
  const tripped = trips.find(({ openMs }) => openMs === 30_000)
  const failed = trips.find(({ openMs }) => openMs === 60_000)
  const limits = { failureRateMax: 0.05, slowRateMax: 0.5, callsMin: 20 }
  expect(tripped).toMatchObject({ calls: 20, failures: 20, slow: 0, limits })
  expect(failed).toMatchObject({ calls: 3, failures: 1, slow: 0 })
  expect([tripped?.bad.length, failed?.bad.length]).toEqual([20, 1])
  expect(breakers.list(() => true)[0]?.trips).toMatchObject([{ calls: 20 }, { calls: 3, failures: 1 }])
})

test('[BR6] what changes while the journal is being written is written the next time', async () => {
  const storage = openMemoryStorage()
  const { breakers, journal, trip, wait } = world(storage)
  trip([NOTES])
  const { note } = storage.breakers
  const slow = {
    ...storage.breakers,
    note: async (...told: Parameters<typeof note>) => {
      await note(...told)
      // Meanwhile its wait is over, and it is tried.
      wait(30_000)
      breakers.enter(NOTES)
    },
  }
  Object.assign(storage, { breakers: slow })
  await journal.flush(Date.UTC(2026, 0, 5, 8))
  Object.assign(storage, { breakers: { ...slow, note } })
  await journal.flush(Date.UTC(2026, 0, 5, 8, 0, 31))
  const range = { fromMs: 0, toMs: Date.UTC(2027, 0) }
  const changes = await storage.breakers.changes([NOTES], range, 10)
  expect(changes.map(({ after }) => after)).toEqual(['half_open', 'open'])
})

test('[BR3] the requests behind a trip are those of its window, not of what tripped it before it closed', async () => {
  const storage = openMemoryStorage()
  const { journal, request, trip, wait } = world(storage)
  trip([NOTES])
  wait(30_000)
  for (let n = 0; n < 5; n++) request([NOTES], 'good')
  wait(1_000)
  for (let n = 0; n < 18; n++) request([NOTES], 'good')
  request([NOTES], 'failed')
  request([NOTES], 'failed')
  await journal.flush(Date.UTC(2026, 0, 5, 8, 1))
  const range = { fromMs: 0, toMs: Date.UTC(2027, 0) }
  const [last] = (await storage.breakers.changes([NOTES], range, 10)).flatMap((one) => one.trip ?? [])
  expect([last?.calls, last?.failures, last?.bad.length]).toEqual([20, 2, 2])
})
