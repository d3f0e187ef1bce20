import { beforeAll, expect, test } from 'vitest'
import { seededRandom } from '#lib/kernel/random.ts'
import { createScheduler } from '#lib/client/scheduler.ts'
import { preloadParts } from '#tests/support/preload-parts.ts'
import { COLLECTION, problem } from './support/authority.ts'
import { createWorld } from './support/device.ts'
import { createVirtualClock, flush } from './support/virtual-clock.ts'

const INTERVAL_MS = 30_000

beforeAll(preloadParts)

test('[BO1] sessions follow each other at the interval, spread by half of it', async () => {
  const { authority, open, clock } = createWorld()
  const startedAtMs: number[] = []
  authority.script.fault = ({ path }) => void (path === '/api/v1/pull' && startedAtMs.push(clock.now()))
  const replica = await open({ sync: {} })
  await clock.advance(60 * INTERVAL_MS)
  const gaps = startedAtMs.slice(1).map((ms, i) => ms - (startedAtMs[i] as number))
  expect(gaps.length).toBeGreaterThan(45)
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0.5 * INTERVAL_MS)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1.5 * INTERVAL_MS)
  expect(new Set(gaps).size).toBeGreaterThan(40)
  await replica.close()
  expect(clock.timers()).toBe(0)
})

test('[SM6] a local change is sent soon, a burst of them together', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open({ sync: {} })
  await clock.advance(1_000)
  for (let n = 0; n < 5; n++) await replica.collection(COLLECTION).put(null, { title: `n${n}` })
  await clock.advance(500)
  expect(authority.pushes()).toHaveLength(1)
  expect(authority.records.size).toBe(5)
  await replica.close()
})

test('[BO1] a quarter of an hour of work starts a session for each change and each interval, and no other', async () => {
  const { authority, open, clock } = createWorld()
  const startedAtMs: number[] = []
  authority.script.fault = ({ path }) => void (path === '/api/v1/pull' && startedAtMs.push(clock.now()))
  const replica = await open({ sync: {} })
  await clock.advance(1_000)
  startedAtMs.length = 0
  const random = seededRandom(11)
  const changedAtMs: number[] = []
  const endMs = clock.now() + 900_000
  while (clock.now() < endMs) {
    await replica.collection(COLLECTION).put(null, { title: `n${changedAtMs.length}` })
    changedAtMs.push(clock.now())
    await clock.advance(2_000 + random() * 60_000)
  }
  const ofChange = (ms: number): boolean =>
    changedAtMs.some((changeMs) => ms >= changeMs && ms - changeMs <= 500)
  const ofInterval = startedAtMs.filter((ms, i) => {
    const sinceLastMs = ms - (startedAtMs[i - 1] ?? 0)
    return sinceLastMs >= 0.5 * INTERVAL_MS && sinceLastMs <= 1.5 * INTERVAL_MS
  })
  expect(startedAtMs.filter((ms) => !ofChange(ms) && !ofInterval.includes(ms))).toEqual([])
  expect(startedAtMs.length).toBeGreaterThan(changedAtMs.length)
  expect(startedAtMs.length).toBeLessThan(changedAtMs.length + 900_000 / INTERVAL_MS)
  await replica.close()
})

test('[BO1] a dead server is asked less and less often, never in a loop, whatever is written meanwhile', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open({ sync: {} })
  await clock.advance(1_000)
  const askedAtMs: number[] = []
  authority.script.fault = () => (askedAtMs.push(clock.now()), 'refuse_connection')
  for (let n = 0; n < 120; n++) {
    await replica.collection(COLLECTION).put(null, { title: `n${n}` })
    await clock.advance(INTERVAL_MS)
  }
  const gaps = askedAtMs.slice(1).map((ms, i) => ms - (askedAtMs[i] as number))
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0.5 * INTERVAL_MS)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1.5 * 300_000)
  expect(askedAtMs.length).toBeLessThan(30)
  // SM6: bounded and visible.
  expect(replica.status$.get()).toMatchObject({
    state: 'backoff',
    problem: 'ECONNREFUSED',
    nextSyncAt: expect.any(String),
  })

  authority.script.fault = () => undefined
  await clock.advance(1.5 * 300_000)
  expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 0 })
  await replica.close()
})

test('[BO1] one quick retry, and only after a lost answer', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open({ sync: {} })
  await clock.advance(1_000)
  const askedAtMs: number[] = []
  authority.script.fault = ({ path }) =>
    path === '/api/v1/push' ? (askedAtMs.push(clock.now()), 'lose_answer') : undefined
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  await clock.advance(INTERVAL_MS * 3)
  const [first = 0, second = 0, third = Infinity] = askedAtMs
  expect(second - first).toBeLessThanOrEqual(1_000)
  expect(third - second).toBeGreaterThanOrEqual(0.5 * INTERVAL_MS)
  await replica.close()
})

test('[BO1] Retry-After is a floor for timers and for sync()', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open({ sync: {} })
  await clock.advance(1_000)
  let count = 0
  authority.script.fault = () => (count++, problem(503, 'breaker_open', { 'retry-after': '120' }))
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  await clock.advance(1_000)
  expect(replica.status$.get()).toMatchObject({ state: 'shed', problem: 'breaker_open' })
  await replica.sync()
  await clock.advance(118_000)
  expect(count).toBe(1)
  authority.script.fault = () => undefined
  await clock.advance(1.5 * 300_000)
  expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 0 })
  await replica.close()
})

test('[BO2] after a success the waits start anew', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open({ sync: { intervalMs: 1_000, backoffBaseMs: 1_000, backoffCapMs: 600_000 } })
  const outage = async (): Promise<number> => {
    let count = 0
    authority.script.fault = () => (count++, 'refuse_connection')
    await clock.advance(60_000)
    authority.script.fault = () => undefined
    await clock.advance(120_000)
    return count
  }
  const first = await outage()
  const second = await outage()
  expect(first).toBeGreaterThan(3)
  expect(Math.abs(second - first)).toBeLessThanOrEqual(3)
  await replica.close()
})

test("[BO3] the fleet's settings take hold when the config changes, and are read once", async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open({ sync: {} })
  await clock.advance(1_000)
  authority.config = {
    ...authority.config,
    version: 2,
    sync: { ...authority.config.sync, intervalMs: 2_000 },
  }
  await clock.advance(4 * INTERVAL_MS)
  const configReads = authority.requests.filter(({ path }) => path.endsWith('/config')).length
  expect(configReads).toBe(1)
  expect(authority.requests.filter(({ path }) => path.endsWith('/pull')).length).toBeGreaterThan(20)
  await replica.close()
})

test('[SM6] a paused replica keeps quiet and works on; a resumed one drains', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open({ sync: {} })
  await clock.advance(1_000)
  replica.pause()
  const count = authority.requests.length
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  await clock.advance(10 * INTERVAL_MS)
  expect(authority.requests).toHaveLength(count)
  expect(replica.status$.get()).toMatchObject({ paused: 'here', pending: 1 })
  replica.resume()
  await clock.advance(1_000)
  expect(replica.status$.get()).toMatchObject({ paused: 'no', pending: 0 })
  await replica.close()
})

test('[SM6] a device that an operator paused only says that it lives, until the command to resume', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open({ sync: {} })
  await clock.advance(1_000)
  authority.script.commands = [{ id: '01900000-0000-7000-8000-0000000000c1', type: 'pause' }]
  const isPaused = () => authority.script.commands.some(({ type }) => type === 'pause')
  authority.script.fault = ({ path }) =>
    path === '/api/v1/heartbeat' && isPaused() ? problem(403, 'device_paused') : undefined
  await clock.advance(2 * INTERVAL_MS)
  const count = authority.requests.length
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  await clock.advance(4 * INTERVAL_MS)
  expect(new Set(authority.requests.slice(count).map(({ path }) => path))).toEqual(
    new Set(['/api/v1/heartbeat']),
  )
  expect(replica.status$.get()).toMatchObject({ paused: 'by_server', pending: 1 })
  authority.script.commands = [{ id: '01900000-0000-7000-8000-0000000000c2', type: 'resume' }]
  await clock.advance(2 * INTERVAL_MS)
  expect(replica.status$.get()).toMatchObject({ paused: 'no', pending: 0 })
  await replica.close()
})

test('[CM2] a paused device that the server serves again goes on, though no command to resume reached it', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open({ sync: {} })
  await clock.advance(1_000)
  authority.script.commands = [{ id: '01900000-0000-7000-8000-0000000000c1', type: 'pause' }]
  authority.script.fault = ({ path }) =>
    path === '/api/v1/heartbeat' ? problem(403, 'device_paused') : undefined
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  await clock.advance(4 * INTERVAL_MS)
  expect(replica.status$.get()).toMatchObject({ paused: 'by_server' })
  authority.script.commands = []
  authority.script.fault = () => undefined
  await replica.collection(COLLECTION).put(null, { title: 'b' })
  await clock.advance(4 * INTERVAL_MS)
  expect(replica.status$.get()).toMatchObject({ paused: 'no', pending: 0 })
  await replica.close()
})

test('[SM6] without a network no timer runs; when it is back the queue drains', async () => {
  const { authority, open, clock } = createWorld()
  let isOnline = true
  const listeners = new Set<() => void>()
  const network = {
    isOnline: () => isOnline,
    subscribe: (listener: () => void) => (listeners.add(listener), () => void listeners.delete(listener)),
  }
  const turn = (online: boolean): void => {
    isOnline = online
    for (const listener of listeners) listener()
  }
  const replica = await open({ sync: {}, network })
  await clock.advance(1_000)
  turn(false)
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  const count = authority.requests.length
  await clock.advance(10 * INTERVAL_MS)
  expect(authority.requests).toHaveLength(count)
  expect(replica.status$.get()).toMatchObject({ state: 'offline', pending: 1 })
  turn(true)
  await clock.advance(2_000)
  expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 0 })
  const steps = authority.sessions.at(-1)?.transitions.map(({ event }) => event)
  expect(steps?.slice(0, 3)).toEqual(['network_lost', 'network_back', 'start'])
  await replica.close()
  expect(listeners.size).toBe(0)
})

test('[SM6] a change that has to wait is sent when it is due, without another write', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open({ sync: { intervalMs: 600_000 } })
  await clock.advance(1_000)
  const waiting = await replica.collection(COLLECTION).put(null, { title: 'waits' })
  await replica.collection(COLLECTION).put(null, { title: 'flows' })
  authority.script.result = ({ id }) =>
    id === waiting.mutationId ? { id, status: 'retry', code: 'contention', retryAfterMs: 5_000 } : undefined
  await clock.advance(1_000)
  authority.script.result = () => undefined
  expect(replica.status$.get().pending).toBe(1)
  await clock.advance(6_000)
  expect(replica.status$.get().pending).toBe(0)
  await replica.close()
  await flush()
})

test.each([
  ['push_full', 100, 100],
  ['push_full', 0, 100],
  ['push_full', 3_000, 3_000],
  ['contention', 0, 1_000],
] as const)(
  '[SM6] [PU5] what a server answers with %s, after %i ms, is sent again after %i',
  async (code, retryAfterMs, waitMs) => {
    const { authority, open, clock } = createWorld()
    const replica = await open({ sync: { intervalMs: 600_000 } })
    await clock.advance(1_000)
    authority.script.result = ({ id }) => ({ id, status: 'retry', code, retryAfterMs })
    await replica.collection(COLLECTION).put(null, { title: 'waits' })
    await replica.sync()
    const sent = authority.pushes().length
    await clock.advance(waitMs - 1)
    expect(authority.pushes()).toHaveLength(sent)
    authority.script.result = () => undefined
    // Spread by a fifth at the most.
    await clock.advance(waitMs / 5 + 1)
    expect(authority.pushes()).toHaveLength(sent + 1)
    expect(replica.status$.get().pending).toBe(0)
    await replica.close()
    await flush()
  },
)

test('[SM6] an interval that no timer can hold is a long one, and no loop', async () => {
  const clock = createVirtualClock()
  const setMs: number[] = []
  const scheduler = createScheduler(
    { ...clock, setTimeout: (run, ms) => (setMs.push(ms), clock.setTimeout(run, ms)) },
    () => undefined,
  )
  scheduler.after(2 ** 40)
  scheduler.within(Infinity)
  // Browsers and Node run a timer of 2^31 ms or more at once.
  expect(setMs).toEqual([2 ** 31 - 1])
  expect(scheduler.dueAtMs()).toBe(clock.now() + 2 ** 31 - 1)
})

test('[SM6] a write after the clock was set forward is sent soon: the session that was planned is not yet under way', async () => {
  const { authority, open, clock } = createWorld()
  const replica = await open({ sync: { intervalMs: 600_000 } })
  await clock.advance(20_000)
  clock.jump(3_600_000)
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  await clock.advance(600)
  expect(authority.effects.size).toBe(1)
  await replica.close()
})

test('[SM6] a timer that is a little late keeps its turn', () => {
  const clock = createVirtualClock()
  const setMs: number[] = []
  const scheduler = createScheduler(
    { ...clock, setTimeout: (run, ms) => (setMs.push(ms), clock.setTimeout(run, ms)) },
    () => undefined,
  )
  scheduler.after(500)
  clock.jump(1_000)
  scheduler.within(30_000)
  expect(setMs).toEqual([500])
})

test('[SM6] what another opening tells of its round holds up no write of this one', async () => {
  const { authority, open, clock } = createWorld()
  const sync = { intervalMs: 600_000, events: false }
  const one = await open({ sync })
  const two = await open({
    sync: { ...sync, backoffBaseMs: 100_000 },
    fetch: (async (input: string, init: RequestInit) => {
      if (isCut) throw new Error('no line')
      return authority.fetch(input, init)
    }) as unknown as typeof fetch,
  })
  let isCut = false
  await clock.advance(20_000)
  await one.collection(COLLECTION).put(null, { title: 'a' })
  isCut = true
  await two.sync()
  await clock.advance(600)
  expect(two.status$.get().state).toBe('backoff')
  expect(authority.effects.size).toBe(1)
  await one.close()
  await two.close()
})
