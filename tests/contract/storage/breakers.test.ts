import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { BreakerControl, BreakerProcess } from '#lib/storage/ports.ts'
import { APPLIED_KEPT_MAX } from '#lib/storage/breaker-port.ts'
import { audit, BACKENDS, makeFleet, NOW_MS, opened } from './world.ts'

const settings = { failureRateMax: 0.1 }

describe.each(BACKENDS)('what people say of breakers, over $name', (backend) => {
  const current = opened(backend)
  const controlOf = (scope: string, version: number, over: Partial<BreakerControl> = {}): BreakerControl => ({
    scope,
    fleetId: scope.split(':')[1] ?? null,
    version,
    settings,
    overrides: [],
    changedAtMs: 0,
    ...over,
  })

  it('[BR4] saves a control when it is the next of its scope, under a number of its own among all', async () => {
    const { storage } = current()
    const { breakers } = storage
    const scope = `fleet:${(await makeFleet(storage)).id}`
    const before = (await breakers.controls()).revision
    expect(await breakers.control(scope)).toBeNull()
    expect(await breakers.save(controlOf(scope, 2), audit())).toBe('stale')
    expect(await breakers.save(controlOf(scope, 1), audit())).toBe('saved')
    expect(await breakers.save(controlOf(scope, 1), audit())).toBe('stale')
    const both = await Promise.all([1, 2].map(() => breakers.save(controlOf(scope, 2), audit())))
    expect(both.sort()).toEqual(['saved', 'stale'])
    const { revision, controls } = await breakers.controls()
    const [mine] = controls.filter((one) => one.scope === scope)
    expect(mine).toMatchObject({ version: 2, settings, overrides: [] })
    expect(revision).toBeGreaterThanOrEqual(mine?.revision ?? Infinity)
    expect(revision).toBeGreaterThanOrEqual(before + 2)
    expect(await breakers.control(scope)).toEqual(mine)
  })

  it('[BR4] what was said of a fleet or a collection that is removed is gone, and the revision says so', async () => {
    const { storage } = current()
    const { breakers } = storage
    const fleet = await makeFleet(storage)
    await breakers.save(controlOf(`fleet:${fleet.id}`, 1), audit())
    const { revision } = await breakers.controls()
    expect(await storage.fleets.remove(fleet.id, NOW_MS, audit())).toBe('removed')
    const after = await breakers.controls()
    expect(after.revision).toBeGreaterThan(revision)
    expect(after.controls.some(({ scope }) => scope === `fleet:${fleet.id}`)).toBe(false)
  })

  it('[BR4] what was said long ago and has no settings is forgotten, with the revision; the engine’s is read first', async () => {
    const { storage } = current()
    const { breakers } = storage
    const fleetId = (await makeFleet(storage)).id
    const [used, unused] = [`app:${fleetId}:2.4.1`, `app:${fleetId}:2.4.0`]
    await breakers.save(controlOf(used, 1), audit())
    await breakers.save(controlOf(unused, 1, { settings: null }), audit())
    const engine = await breakers.control('engine')
    await breakers.save(controlOf('engine', (engine?.version ?? 0) + 1, { fleetId: null }), audit())
    const { revision, controls } = await breakers.controls()
    expect([controls[0]?.scope, await breakers.countControls(fleetId)]).toEqual(['engine', 2])
    const saidMs = ((await breakers.control(unused))?.changedAtMs ?? 0) + 1
    const nothing = { minutesMs: 0, changesMs: 0, seenMs: 0 }
    expect(await breakers.expire({ ...nothing, saidMs: saidMs - 1 }, 1_000)).toBe(false)
    expect(await breakers.countControls(fleetId)).toBe(2)
    await breakers.expire({ ...nothing, saidMs }, 1_000)
    expect([await breakers.countControls(fleetId), await breakers.control(unused)]).toEqual([1, null])
    expect((await breakers.controls()).revision).toBeGreaterThan(revision)
  })

  it('[BR6] a process that tells that it lives hears the newest revision; its word keeps when it first ran one', async () => {
    const { breakers } = current().storage
    const { revision } = await breakers.controls()
    const scopes = { engine: { state: 'open', calls: 3, failures: 1, shed: 4 } } as const
    const process: BreakerProcess = { id: randomUUID(), name: 'web\0', startedAtMs: NOW_MS, revision, scopes }
    expect(await breakers.beat({ ...process, revision: revision - 1 })).toBe(revision)
    expect(await breakers.beat(process)).toBe(revision)
    const seen = async () => (await breakers.processes()).find(({ id }) => id === process.id)
    const first = await seen()
    expect(first).toMatchObject({ name: 'web\0', revision, scopes, startedAtMs: NOW_MS })
    expect(first?.applied.map((one) => one.revision)).toEqual([revision, revision - 1])
    await breakers.beat(process)
    expect((await seen())?.applied).toEqual(first?.applied)
    // Of many the newest are kept, with when it first told of each.
    for (let n = 1; n <= APPLIED_KEPT_MAX; n++) await breakers.beat({ ...process, revision: revision + n })
    const newest = (await seen())?.applied ?? []
    expect(newest.map((one) => one.revision)).toEqual(
      Array.from({ length: APPLIED_KEPT_MAX }, (_, n) => revision + APPLIED_KEPT_MAX - n),
    )
    expect(newest.every(({ atMs }, n) => Number.isInteger(atMs) && atMs >= (newest[n + 1]?.atMs ?? 0))).toBe(
      true,
    )
  })

  it('keeps what a process saw by minute, its last word of each, and changes newest first; and drops what is old', async () => {
    const { storage } = current()
    const { breakers } = storage
    const fleetId = (await makeFleet(storage)).id
    const [scope, processId] = [`app:${fleetId}:2.4.1\0`, randomUUID()]
    const minuteMs = Math.floor(NOW_MS / 60_000) * 60_000
    const minute = { scope, fleetId, processId, minuteMs }
    const second = { second: minuteMs / 1_000, calls: 2, failures: 1, slow: 0, shed: 3 }
    const bad = [{ atMs: minuteMs, cause: 'push 500 internal', deviceId: null, fleetId: null, ms: 4 }]
    const trip = { openMs: 30_000, calls: 20, failures: 2, slow: 0, bad }
    const change = {
      id: randomUUID(),
      scope,
      fleetId,
      processId,
      atMs: minuteMs,
      before: 'closed',
      after: 'open',
    } as const
    const healed = {
      ...change,
      id: randomUUID(),
      atMs: minuteMs + 5,
      before: 'open',
      after: 'half_open',
      trip: null,
    } as const
    await breakers.note([{ ...minute, seconds: [] }], [{ ...change, trip }, healed])
    await breakers.note([{ ...minute, seconds: [second] }], [{ ...change, trip }])
    expect(await breakers.minutes(scope, minuteMs, minuteMs + 1)).toEqual([{ ...minute, seconds: [second] }])
    expect(await breakers.minutes(scope, minuteMs + 1, minuteMs + 60_000)).toEqual([])
    const range = { fromMs: minuteMs, toMs: minuteMs + 10 }
    expect(await breakers.changes([scope], range, 10)).toEqual([healed, { ...change, trip }])
    expect(await breakers.changes([scope], range, 1)).toEqual([healed])
    expect(await breakers.changes(['engine'], range, 10)).toEqual([])
    const engine = { ...change, id: randomUUID(), scope: 'engine', fleetId: null, trip: null }
    const forced = { ...healed, id: randomUUID(), atMs: minuteMs + 6, after: 'forced_open' } as const
    const released = {
      ...forced,
      id: randomUUID(),
      atMs: minuteMs + 7,
      before: 'forced_open',
      after: 'half_open',
    } as const
    await breakers.note([], [engine, forced, released])
    // Others' tests may have turned the engine's breaker too.
    const turns = async (limit: number) =>
      (await breakers.turns(fleetId, range, limit)).filter(
        (one) => one.fleetId !== null || one.id === engine.id,
      )
    expect(await turns(1_000)).toEqual(
      [released, forced, engine, { ...change, trip }].sort(
        (a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1),
      ),
    )
    expect(await breakers.turns(fleetId, range, 1)).toEqual([released])
    const until = { minutesMs: minuteMs + 1, changesMs: minuteMs + 1, seenMs: 0, saidMs: 0 }
    expect(await breakers.expire(until, 1_000)).toBe(false)
    expect(await breakers.minutes(scope, minuteMs, minuteMs + 1)).toEqual([])
    expect(await breakers.changes([scope], range, 10)).toEqual([released, forced, healed])
  })
})
