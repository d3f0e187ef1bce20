import { beforeAll, expect, test } from 'vitest'
import type { Replica } from '#lib/client/replica.ts'
import { preloadParts } from '#tests/support/preload-parts.ts'
import type { Seen } from './support/authority.ts'
import { COLLECTION, problem } from './support/authority.ts'
import type { World } from './support/device.ts'
import { createWorld } from './support/device.ts'

beforeAll(preloadParts)

const TIMEOUT_MS = 20_000
const PUSH = '/api/v1/push'
const PULL = '/api/v1/pull'
const mutationsOf = ({ json }: Seen): readonly unknown[] => json['mutations'] as readonly unknown[]

async function write(replica: Replica, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await replica.collection(COLLECTION).put(null, { title: `n${n}` })
}

/** One session, its time limit included. */
async function session({ clock }: World, replica: Replica, ms = TIMEOUT_MS): Promise<void> {
  const ended = replica.sync()
  await clock.advance(ms)
  await ended
}

test('[SM8] a push that the line does not carry in time goes on in halves, until all is there', async () => {
  const world = createWorld()
  const { authority } = world
  const replica = await world.open()
  await replica.sync()
  await write(replica, 40)
  authority.script.fault = (seen) => (seen.path === PUSH && mutationsOf(seen).length > 6 ? 'hang' : undefined)
  for (let n = 0; n < 10 && replica.status$.get().pending > 0; n++) await session(world, replica)

  expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0, state: 'idle' })
  expect(authority.records.size).toBe(40)
  expect([...authority.effects.values()].every((times) => times === 1)).toBe(true)
  const sizes = authority.pushes().map((seen) => mutationsOf(seen).length)
  expect(sizes.slice(0, 5)).toEqual([40, 20, 10, 5, 10])
  await replica.close()
})

test('[SM8] all of a halved batch is answered before a pull: some of it may have had its effect', async () => {
  const world = createWorld()
  const { authority, clock } = world
  let isSlow = true
  const replica = await world.open({
    fetch: (async (input: string, init: RequestInit) => {
      const response = await authority.fetch(input, init)
      if (!isSlow || !input.endsWith(PUSH)) return response
      return new Promise((_, reject) =>
        init.signal?.addEventListener('abort', () => reject(new Error('late'))),
      )
    }) as unknown as typeof fetch,
  })
  await replica.sync()
  await write(replica, 8)
  await session(world, replica)
  isSlow = false
  await replica.close()

  // Its process ended, too: what is left of the batch is known to the next one.
  const next = await world.open()
  const before = authority.requests.length
  await write(next, 1)
  await clock.advance(1)
  await next.sync()
  const asked = authority.requests.slice(before).filter(({ path }) => path === PUSH || path === PULL)
  expect(asked.map((seen) => (seen.path === PULL ? 'pull' : mutationsOf(seen).length))).toEqual([
    4,
    4,
    'pull',
    1,
    'pull',
  ])
  expect([...authority.effects.values()].every((times) => times === 1)).toBe(true)
  await next.close()
})

test('[SM8] a push that took long is not doubled, a quick one is', async () => {
  const world = createWorld()
  const { authority, clock } = world
  let tookMs = 6_000
  const replica = await world.open({
    fetch: (async (input: string, init: RequestInit) => {
      if (input.endsWith(PUSH)) await new Promise<void>((resolve) => clock.setTimeout(resolve, tookMs))
      return authority.fetch(input, init)
    }) as unknown as typeof fetch,
  })
  await replica.sync()
  await write(replica, 8)
  authority.script.fault = (seen) =>
    seen.path === PUSH && mutationsOf(seen).length > 2 ? problem(413, 'body_too_large') : undefined
  await session(world, replica, 60_000)
  tookMs = 1_000
  authority.script.fault = () => undefined
  await write(replica, 6)
  await session(world, replica)
  const sizes = authority.pushes().map((seen) => mutationsOf(seen).length)
  expect(sizes).toEqual([8, 4, 2, 2, 2, 2, 2, 4])
  await replica.close()
})

test('[SM8] a page that the line does not carry in time is asked for in halves, and grows again', async () => {
  const world = createWorld()
  const { authority } = world
  for (let n = 0; n < 10; n++) authority.write(`01900000-0000-7000-8000-00000000000${n}`, { title: `n${n}` })
  const replica = await world.open()
  authority.script.fault = ({ path, query }) =>
    path === PULL && Number(query.get('limit')) > 100 ? 'hang' : undefined
  for (let n = 0; n < 4; n++) await session(world, replica)
  authority.script.fault = () => undefined
  for (let n = 0; n < 4; n++) await session(world, replica)
  const limits = authority.requests.filter(({ path }) => path === PULL).map(({ query }) => query.get('limit'))
  expect(limits).toEqual(['500', '250', '125', '63', '126', '252', '500', '500'])
  expect(authority.records.size).toBe(10)
  await replica.close()
})

test('[SM8] a push whose answer is more than can be read goes on in halves', async () => {
  const world = createWorld()
  const { authority } = world
  const replica = await world.open()
  await replica.sync()
  await write(replica, 8)
  authority.script.fault = (seen) =>
    seen.path === PUSH && mutationsOf(seen).length > 4
      ? new Response('x'.repeat(17 * 1024 * 1024))
      : undefined
  await replica.sync()
  expect(replica.status$.get()).toMatchObject({ pending: 8, problem: 'bad_answer' })
  await replica.sync()
  expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0 })
  await replica.close()
})

test('[SM6] in a halved batch, too, what stands on a change that is told to wait waits with it', async () => {
  const world = createWorld()
  const { authority, clock } = world
  const replica = await world.open()
  await replica.sync()
  const reports = replica.collection(COLLECTION)
  const parent = await reports.put(null, { title: 'parent' })
  await write(replica, 1)
  // Another opening, so that the two are not joined.
  await replica.close()
  const next = await world.open()
  const child = await next.collection(COLLECTION).patch(parent.recordId, { set: { note: 'child' } })
  await write(next, 1)
  authority.script.fault = (seen) => (seen.path === PUSH && mutationsOf(seen).length > 2 ? 'hang' : undefined)
  authority.script.result = ({ id }) =>
    id === parent.mutationId ? { id, status: 'retry', code: 'push_full', retryAfterMs: 5_000 } : undefined
  await session(world, next)
  await next.sync()
  const sent = authority
    .pushes()
    .slice(1)
    .flatMap((seen) => mutationsOf(seen) as readonly { id: string }[])
  expect(sent.map(({ id }) => id)).not.toContain(child.mutationId)
  expect(next.status$.get().pending).toBe(2)
  authority.script.result = () => undefined
  await clock.advance(5_000)
  await next.sync()
  expect(next.status$.get()).toMatchObject({ pending: 0, refused: 0 })
  await next.close()
})

test('[SM6] in a halved batch, too, nothing goes past a change whose wait ends before the parts do', async () => {
  const world = createWorld()
  const { authority, clock } = world
  const replica = await world.open()
  await replica.sync()
  const parent = await replica.collection(COLLECTION).put(null, { title: 'parent' })
  await write(replica, 3)
  // Another opening, so that the two are not joined.
  await replica.close()
  const next = await world.open({
    fetch: (async (input: string, init: RequestInit) => {
      if (input.endsWith(PUSH)) await new Promise<void>((resolve) => clock.setTimeout(resolve, 3_000))
      return authority.fetch(input, init)
    }) as unknown as typeof fetch,
  })
  const child = await next.collection(COLLECTION).patch(parent.recordId, { set: { title: 'child' } })
  await write(next, 3)
  authority.script.fault = (seen) => (seen.path === PUSH && mutationsOf(seen).length > 2 ? 'hang' : undefined)
  let retries = 0
  authority.script.result = ({ id }) =>
    id === parent.mutationId && retries++ === 0
      ? { id, status: 'retry', code: 'authority_unavailable', retryAfterMs: 1_000 }
      : undefined
  for (let n = 0; n < 6; n++) await session(world, next, 60_000)

  const sent = authority.pushes().filter((seen) => mutationsOf(seen).length <= 2)
  const parts = sent.map((seen) => (mutationsOf(seen) as readonly { id: string }[]).map(({ id }) => id))
  const childAt = parts.findIndex((ids) => ids.includes(child.mutationId))
  const parentAt = parts.findLastIndex((ids) => ids.includes(parent.mutationId))
  expect(childAt).toBeGreaterThanOrEqual(parentAt)
  expect(retries).toBe(2)
  expect(authority.records.get(parent.recordId)?.data).toMatchObject({ title: 'child' })
  expect(next.status$.get()).toMatchObject({ pending: 0, refused: 0 })
  await next.close()
})

test('[SM6] what the server holds against the headers or the envelope sets no change aside', async () => {
  const world = createWorld()
  const { authority } = world
  const replica = await world.open()
  await replica.sync()
  await write(replica, 3)
  authority.script.fault = ({ path }) =>
    path === PUSH
      ? Response.json(
          { code: 'bad_request', errors: [{ path: '', message: 'Tidemark-App' }] },
          { status: 400 },
        )
      : undefined
  await replica.sync()
  expect(replica.status$.get()).toMatchObject({ pending: 3, refused: 0, problem: 'bad_request' })
  authority.script.fault = ({ path, body }) =>
    path === PUSH && body.includes('"n1"')
      ? Response.json(
          { code: 'bad_request', errors: [{ path: '/mutations/1/op', message: 'x' }] },
          { status: 400 },
        )
      : undefined
  await replica.sync()
  expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 1 })
  await replica.close()
})

test.each([
  ['platform', { platform: 'linux;arm' }],
  ['platform', { platform: '' }],
  ['platform', { platform: 'Платформа' }],
  ['appVersion', { appVersion: '1;2' }],
])('[SDK1] %s that no header can carry is refused at the opening: %o', async (name, wrong) => {
  const device = { name: 'tablet', platform: 'ios', appVersion: '1.0.0', ...wrong }
  await expect(createWorld().open({ device } as never)).rejects.toThrow(name)
})
