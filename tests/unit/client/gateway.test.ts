import { expect, test } from 'vitest'
// Here already: to load it takes real time, which the virtual clock doesn't wait for.
import '#lib/client/fork-parts.ts'
import { GATEWAY_WAIT_MAX_MS } from '#lib/client/refuse-alone.ts'
import type { Seen } from './support/authority.ts'
import { COLLECTION, problem } from './support/authority.ts'
import { createWorld } from './support/device.ts'

const PUSH = '/api/v1/push'
const PULL = '/api/v1/pull'
const gatewaySays = (): Response => new Response('<html>413 Request Entity Too Large', { status: 413 })
const countIn = ({ json }: Seen): number => (json['mutations'] as readonly unknown[]).length

test('[SM9] a gateway that answers 413 to everything takes nothing out of the queue: all goes out once it is well', async () => {
  const { authority, clock, open } = createWorld()
  const replica = await open()
  await replica.sync()
  const notes = replica.collection(COLLECTION)
  for (let n = 0; n < 8; n++) await notes.put(null, { title: `n${n}` })
  authority.script.fault = gatewaySays
  const states = []
  for (let session = 0; session < 3; session++) states.push(await replica.sync())
  for (const state of states) expect(state).toMatchObject({ pending: 8, refused: 0, problem: 'http_413' })
  expect(await notes.query()).toHaveLength(8)
  authority.script.fault = () => undefined
  expect(await replica.sync()).toMatchObject({ pending: 8, refused: 0, state: 'idle', problem: 'http_413' })
  await clock.advance(GATEWAY_WAIT_MAX_MS)
  expect(await replica.sync()).toMatchObject({ pending: 0, refused: 0, problem: null })
  expect([...authority.effects.values()]).toEqual(Array.from({ length: 8 }, () => 1))
  expect(replica.refusals$.get()).toEqual([])
  await replica.close()
})

test('[SM9] by itself: nobody asks for a session', async () => {
  const { authority, clock, open } = createWorld()
  const replica = await open({ sync: {} })
  await clock.advance(60_000)
  authority.script.fault = gatewaySays
  for (let n = 0; n < 8; n++) await replica.collection(COLLECTION).put(null, { title: `n${n}` })
  await clock.advance(3_600_000)
  expect(replica.status$.get()).toMatchObject({ pending: 8, refused: 0, problem: 'http_413' })
  authority.script.fault = () => undefined
  await clock.advance(3 * GATEWAY_WAIT_MAX_MS)
  expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0, problem: null, state: 'idle' })
  await replica.close()
})

test('[SM9] a change that a proxy takes for too large holds up those of its record alone, in sessions as often as ever', async () => {
  const { authority, clock, open } = createWorld()
  const replica = await open({ sync: {} })
  await clock.advance(60_000)
  const notes = replica.collection(COLLECTION)
  authority.script.fault = ({ path, body }) =>
    path === PUSH && body.includes('large') ? gatewaySays() : undefined
  const { recordId } = await notes.put(null, { title: 'large' })
  for (let n = 0; n < 8; n++) await notes.put(null, { title: `n${n}` })
  await clock.advance(1_000)
  await notes.patch(recordId, { set: { title: 'behind it' } })
  await clock.advance(10_000)
  expect(authority.records.size).toBe(8)
  const held = { pending: 2, refused: 0, state: 'idle', problem: 'http_413' }
  expect(replica.status$.get()).toMatchObject(held)
  expect(await notes.get(recordId)).toMatchObject({ data: { title: 'behind it' }, pending: 2 })

  const [pulls, asks] = [
    authority.requests.filter(({ path }) => path === PULL).length,
    authority.pushes().length,
  ]
  await clock.advance(3_600_000)
  expect(replica.status$.get()).toMatchObject(held)
  // Each interval as ever; asked about every five minutes at the most, and seldom more often.
  expect(authority.requests.filter(({ path }) => path === PULL).length - pulls).toBeGreaterThan(90)
  expect(authority.pushes().length - asks).toBeGreaterThan(8)
  expect(authority.pushes().length - asks).toBeLessThan(20)
  authority.write('01900000-0000-7000-8000-00000000aaaa', { title: 'from afar' })
  await notes.put(null, { title: 'new' })
  await clock.advance(60_000)
  expect(authority.records.size).toBe(10)
  expect(await notes.query()).toHaveLength(11)

  authority.script.fault = () => undefined
  await clock.advance(2 * GATEWAY_WAIT_MAX_MS)
  expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0, problem: null })
  expect(authority.records.get(recordId)?.data).toEqual({ title: 'behind it' })
  await replica.close()
})

test('[SM9] no session asks about more than some; the next one goes on with the others', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  for (let n = 0; n < 64; n++) await replica.collection(COLLECTION).put(null, { title: `n${n}` })
  authority.script.fault = (seen) => (seen.path === PUSH ? gatewaySays() : undefined)
  expect(await replica.sync()).toMatchObject({ pending: 64, refused: 0, problem: 'http_413' })
  const alone = authority.pushes().filter((seen) => countIn(seen) === 1)
  expect([alone.length, authority.pushes().length]).toEqual([10, 16])
  await replica.close()
})

test("[SM9] a 413 with the server's own code sets the change aside", async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  for (let n = 0; n < 3; n++) await replica.collection(COLLECTION).put(null, { title: `n${n}` })
  authority.script.fault = ({ path, body }) =>
    path === PUSH && body.includes('n1') ? problem(413, 'body_too_large') : undefined
  expect(await replica.sync()).toMatchObject({ pending: 0, refused: 1, problem: null })
  expect(replica.refusals$.get()).toMatchObject([{ code: 'body_too_large' }])
  await replica.close()
})

test("[SM6] what may have had its effect is asked about once more before a pull, where a gateway's 413 is the answer", async () => {
  const { authority, clock, open } = createWorld()
  const replica = await open()
  await replica.sync()
  const { mutationId } = await replica.collection(COLLECTION).put(null, { title: 'mine' })
  authority.script.fault = ({ path }) => (path === PUSH ? 'lose_answer' : undefined)
  await replica.sync()
  authority.script.fault = ({ path }) => (path === PUSH ? gatewaySays() : undefined)
  const before = authority.requests.length
  expect(await replica.sync()).toMatchObject({
    pending: 1,
    refused: 0,
    state: 'backoff',
    problem: 'http_413',
  })
  expect(authority.requests.slice(before).map(({ path }) => path)).toEqual([PUSH])
  // That is no hitch: what others do must come through, and so must what waits behind it.
  expect(await replica.sync()).toMatchObject({ pending: 1, refused: 0, state: 'idle', problem: 'http_413' })
  authority.script.fault = () => undefined
  await clock.advance(GATEWAY_WAIT_MAX_MS)
  expect(await replica.sync()).toMatchObject({ pending: 0, refused: 0, problem: null })
  expect(authority.effects.get(mutationId)).toBe(1)
  await replica.close()
})
