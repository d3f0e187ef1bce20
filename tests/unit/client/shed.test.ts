import { beforeAll, expect, test } from 'vitest'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { preloadParts } from '#tests/support/preload-parts.ts'
import { COLLECTION, problem } from './support/authority.ts'
import { createWorld } from './support/device.ts'
// A clock that is set back makes the state's hash due, whose part would load in its own time.
import '#lib/client/state-report.ts'

const INTERVAL_MS = 30_000
/** What is counted here are sessions; the part that opens the stream loads in its own time. */
const NO_STREAM = { events: false }

beforeAll(preloadParts)

/** A fault that counts what reaches the server, and when. */
function shedding(world: ReturnType<typeof createWorld>, answer: () => Response | undefined) {
  const askedAtMs: number[] = []
  world.authority.script.fault = () => (askedAtMs.push(world.clock.now()), answer())
  return askedAtMs
}
const shed = (seconds: number, code = 'breaker_open') =>
  problem(503, code, { 'retry-after': String(seconds) })

test('[BO1] nothing is sent before Retry-After, by timer, write, sync(), resume, or a network that comes back', async () => {
  const world = createWorld()
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
  const replica = await world.open({ sync: NO_STREAM, network })
  await world.clock.advance(1_000)
  const askedAtMs = shedding(world, () => shed(120))
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  await world.clock.advance(1_000)
  const toldAtMs = world.clock.now()
  expect(replica.status$.get()).toMatchObject({ state: 'shed', pending: 1, problem: 'breaker_open' })
  await replica.sync()
  replica.pause()
  replica.resume()
  turn(false)
  turn(true)
  await replica.collection(COLLECTION).put(null, { title: 'b' })
  await world.clock.advance(5_000)
  await replica.sync()
  await world.clock.advance(toldAtMs + 119_000 - world.clock.now())
  expect(askedAtMs).toHaveLength(1)
  world.authority.script.fault = () => undefined
  await world.clock.advance(2 * INTERVAL_MS)
  expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 0 })
  await replica.close()
})

test('[BO1] a restart and a second tab keep the quiet that the first one was asked for', async () => {
  const world = createWorld()
  const first = await world.open({ sync: NO_STREAM })
  await world.clock.advance(1_000)
  const askedAtMs = shedding(world, () => shed(60, 'shed'))
  await first.collection(COLLECTION).put(null, { title: 'a' })
  await world.clock.advance(1_000)
  const second = await world.open({ sync: NO_STREAM, store: openMemoryStore(world.disk) })
  await second.sync()
  await first.close()
  const third = await world.open({ sync: NO_STREAM })
  await third.collection(COLLECTION).put(null, { title: 'b' })
  await third.sync()
  await world.clock.advance(55_000)
  expect(askedAtMs).toHaveLength(1)
  world.authority.script.fault = () => undefined
  await world.clock.advance(2 * INTERVAL_MS)
  expect(third.status$.get()).toMatchObject({ pending: 0 })
  await second.close()
  await third.close()
})

test('[SM6] a clock that is set back does not make the quiet last for ever', async () => {
  const world = createWorld()
  const replica = await world.open({ sync: NO_STREAM })
  await world.clock.advance(1_000)
  shedding(world, () => shed(60))
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  await world.clock.advance(1_000)
  world.authority.script.fault = () => undefined
  world.clock.jump(-86_400_000)
  await world.clock.advance(60_000 + 2 * INTERVAL_MS)
  expect(replica.status$.get().pending).toBe(0)
  await replica.close()
})

test('[SM6] a clock that is set back in a quiet time ends it for resume() and sync(), too', async () => {
  const world = createWorld()
  const replica = await world.open({ sync: NO_STREAM })
  await world.clock.advance(1_000)
  const askedAtMs = shedding(world, () => shed(60))
  await replica.sync()
  expect(askedAtMs).toHaveLength(1)
  world.clock.jump(-86_400_000)
  replica.pause()
  await replica.sync()
  replica.resume()
  await world.clock.advance(1_000)
  expect(askedAtMs).toHaveLength(2)

  world.clock.jump(-86_400_000)
  await replica.sync()
  expect(askedAtMs).toHaveLength(3)
  await replica.close()
})

test('[BO1] devices that are told the same second do not come back in the same second', async () => {
  const gaps: number[] = []
  for (let n = 0; n < 12; n++) {
    const world = createWorld()
    // Each device has its own chance.
    for (let skipped = 0; skipped < n; skipped++) await (await world.open()).close()
    const replica = await world.open({ sync: NO_STREAM })
    await world.clock.advance(1_000)
    const askedAtMs = shedding(world, () => shed(60))
    await replica.collection(COLLECTION).put(null, { title: 'a' })
    await world.clock.advance(60_000 + 2 * INTERVAL_MS)
    const [first = 0, second = 0] = askedAtMs
    gaps.push(second - first)
    await replica.close()
  }
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(60_000)
  expect(Math.max(...gaps) - Math.min(...gaps)).toBeGreaterThan(INTERVAL_MS / 3)
})

test('[SM6] shed and retried mutations wait, each as long as it was told, and hold up nothing else', async () => {
  const world = createWorld()
  const { authority, clock } = world
  const replica = await world.open({ sync: { intervalMs: 600_000 } })
  await clock.advance(1_000)
  const notes = replica.collection(COLLECTION)
  const shut = await notes.put(null, { title: 'shed' })
  const busy = await notes.put(null, { title: 'retry' })
  await notes.put(null, { title: 'flows' })
  authority.script.result = ({ id }) => {
    if (id === shut.mutationId) return { id, status: 'shed', retryAfterMs: 40_000 }
    return id === busy.mutationId
      ? { id, status: 'retry', code: 'contention', retryAfterMs: 10_000 }
      : undefined
  }
  await clock.advance(1_000)
  const toldAtMs = clock.now()
  authority.script.result = () => undefined
  expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 2 })
  await notes.put(null, { title: 'later' })
  await clock.advance(1_000)
  expect(replica.status$.get().pending).toBe(2)
  await clock.advance(12_000)
  expect(replica.status$.get().pending).toBe(1)
  await clock.advance(toldAtMs + 39_000 - clock.now())
  expect(authority.effects.get(shut.mutationId)).toBeUndefined()
  await clock.advance(10_000)
  expect(authority.effects.get(shut.mutationId)).toBe(1)
  await replica.close()
})

test('[SM6] a change’s wait ends when the clock is set back behind its beginning', async () => {
  const world = createWorld()
  const { authority, clock } = world
  const replica = await world.open({ sync: NO_STREAM })
  await clock.advance(1_000)
  authority.script.result = ({ id }) => ({ id, status: 'retry', code: 'contention', retryAfterMs: 10_000 })
  const { mutationId } = await replica.collection(COLLECTION).put(null, { title: 'a' })
  await clock.advance(1_000)
  authority.script.result = () => undefined
  clock.jump(-3_600_000)
  await clock.advance(10_000 + 2 * INTERVAL_MS)
  expect(authority.effects.get(mutationId)).toBe(1)
  await replica.close()
})

test('[SM6] a push that is shut out by its collection’s breaker waits; the device pulls, and sends what else there is', async () => {
  const world = createWorld()
  const { authority, clock } = world
  const replica = await world.open({ sync: NO_STREAM })
  await clock.advance(1_000)
  authority.write('01900000-0000-7000-8000-00000000000a', { title: 'by another' })
  const isShut = (body: string): boolean => body.includes('"shut"')
  authority.script.fault = ({ path, body }) =>
    path === '/api/v1/push' && isShut(body)
      ? new Response(JSON.stringify({ code: 'breaker_open', scope: 'collection:f:reports' }), {
          status: 503,
          headers: { 'retry-after': '60' },
        })
      : undefined
  await replica.collection(COLLECTION).put(null, { title: 'shut' })
  await clock.advance(1_000)
  expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 1, problem: null })
  expect(await replica.collection(COLLECTION).query()).toHaveLength(2)
  await replica.collection(COLLECTION).put(null, { title: 'flows' })
  await clock.advance(1_000)
  expect(replica.status$.get().pending).toBe(1)
  await clock.advance(56_000)
  expect(authority.pushes().filter(({ body }) => isShut(body))).toHaveLength(1)
  authority.script.fault = () => undefined
  await clock.advance(20_000)
  expect(replica.status$.get().pending).toBe(0)
  await replica.close()
})

test('[BO1] a Retry-After of a year counts as a day', async () => {
  const world = createWorld()
  const replica = await world.open({ sync: NO_STREAM })
  await world.clock.advance(1_000)
  const askedAtMs = shedding(world, () => shed(365 * 86_400))
  await replica.collection(COLLECTION).put(null, { title: 'a' })
  await world.clock.advance(86_400_000)
  expect(askedAtMs).toHaveLength(1)
  world.authority.script.fault = () => undefined
  await world.clock.advance(3 * INTERVAL_MS)
  expect(replica.status$.get().pending).toBe(0)
  await replica.close()
})

test.each(['/api/v1/sessions', '/api/v1/heartbeat'])(
  '[BO1] Retry-After of %s holds for the next push too',
  async (path) => {
    const world = createWorld()
    const replica = await world.open()
    world.authority.script.fault = (seen) => (seen.path === path ? shed(90, 'shed') : undefined)
    await replica.sync()
    const asked = world.authority.requests.length
    await replica.collection(COLLECTION).put(null, { title: 'a' })
    world.authority.script.fault = () => undefined
    await world.clock.advance(89_000)
    await replica.sync()
    expect(world.authority.requests).toHaveLength(asked)
    await world.clock.advance(1_000)
    expect(await replica.sync()).toMatchObject({ pending: 0 })
    await replica.close()
  },
)

test('[SM6] what may have had its effect is asked for again before anything is pulled, also behind a breaker', async () => {
  const world = createWorld()
  const { authority, clock } = world
  const replica = await world.open({ sync: NO_STREAM })
  await clock.advance(1_000)
  const reports = replica.collection(COLLECTION)
  const { recordId } = await reports.put(null, { title: 'a' })
  authority.script.fault = ({ path }) => (path === '/api/v1/push' ? 'lose_answer' : undefined)
  await clock.advance(600)
  expect(authority.records.get(recordId)?.data).toEqual({ title: 'a' })
  const later = authority.write(recordId, { title: 'by another' })
  authority.script.fault = ({ path }) =>
    path === '/api/v1/push'
      ? new Response(JSON.stringify({ code: 'breaker_open', scope: 'collection:f:reports' }), {
          status: 503,
          headers: { 'retry-after': '60' },
        })
      : undefined
  const asked = authority.requests.length
  await clock.advance(5_000)
  expect(authority.requests.slice(asked).map(({ path }) => path)).not.toContain('/api/v1/pull')
  expect(replica.status$.get()).toMatchObject({ state: 'shed', pending: 1, problem: 'breaker_open' })
  authority.script.fault = () => undefined
  await clock.advance(60_000 + INTERVAL_MS)
  expect(new Set(authority.pushes().map(({ json }) => json['requestId'])).size).toBe(1)
  expect(await reports.get(recordId)).toMatchObject({ version: later.version, data: { title: 'by another' } })
  await replica.close()
})
