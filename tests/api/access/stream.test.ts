import { expect, test, vi } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { changeUser } from '#lib/application/access/users.ts'
import { FleetWatch, type News } from '#lib/application/live/fleet-watch.ts'
import { TOPICS, type Topic } from '#lib/application/live/topics.ts'
import { openStream, STREAMS_PER_ACTOR_MAX } from '#lib/http/admin/stream.ts'
import type { FleetCall } from '#lib/http/admin/table.ts'
import { StorageUnavailable, type Device } from '#lib/storage/ports.ts'
import { addUser } from '#tests/support/access-world.ts'
import { operatorWorld, type OperatorWorld } from '#tests/support/operator-world.ts'

/** Enrolls a device, which the console then has to show. */
async function enrollDevice({ ctx, fleet }: OperatorWorld, n: number): Promise<void> {
  const nowMs = ctx.clock.now() + n
  const device: Device = {
    id: ctx.ids(),
    fleetId: fleet,
    name: 'Tablet',
    platform: 'android',
    appVersion: '2.4.1',
    status: 'active',
    access: { '*': 'write' },
    enrolledAtMs: nowMs,
    lastContactMs: nowMs,
    lastSessionOkMs: null,
    report: null,
    clockJumps: null,
    linkedIds: [],
    commands: [],
  }
  await ctx.storage.devices.enroll(
    { device, tokenHash: ctx.ids(), requestId: ctx.ids(), keyId: ctx.ids(), nowMs },
    {
      id: ctx.ids(),
      atMs: nowMs,
      fleetId: fleet,
      actor: { kind: 'device', id: device.id, name: device.name },
      action: 'device.enroll',
      target: device.id,
      reason: null,
      before: null,
      after: null,
      address: null,
      outcome: 'done',
    },
  )
}

const changed = (topics: readonly Topic[]): News => ({ event: 'changed', topics })

test('a watch tells who comes to look again, then what changed, and rests without any', async () => {
  const world = await operatorWorld()
  let looks = 0
  const letters = world.ctx.storage.deadLetters
  const countOpen = letters.countOpen.bind(letters)
  letters.countOpen = (fleet) => ((looks += 1), countOpen(fleet))
  const watch = new FleetWatch(world.ctx, world.fleet, 5)
  const [heard, later]: [News[], News[]] = [[], []]
  const unlisten = watch.listen((news) => heard.push(news))
  await vi.waitFor(() => expect(heard).toEqual([changed(TOPICS)]))
  await enrollDevice(world, 1)
  await vi.waitFor(() => expect(heard).toEqual([changed(TOPICS), changed(['devices'])]))
  // What changed before a reader came, it may have missed; the others have not.
  const unlistenLater = watch.listen((news) => later.push(news))
  await vi.waitFor(() => expect(later).toEqual([changed(TOPICS)]))
  expect(heard).toEqual([changed(TOPICS), changed(['devices'])])
  const published = await world.admin('/collections', {
    method: 'POST',
    headers: { ...(await world.keyFor('admin')), 'content-type': 'application/json' },
    body: JSON.stringify({ fleet: world.fleet, name: 'notes', strategy: 'lww', schema: { type: 'object' } }),
  })
  expect(published.status).toBe(201)
  await vi.waitFor(() =>
    expect(heard).toEqual([changed(TOPICS), changed(['devices']), changed(['collections'])]),
  )
  unlisten()
  unlistenLater()
  await new Promise((resolve) => setTimeout(resolve, 30))
  const resting = looks
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(looks).toBe(resting)
})

test('a watch tells when the database is away, whoever comes meanwhile too, and when it is back', async () => {
  const world = await operatorWorld()
  const letters = world.ctx.storage.deadLetters
  const countOpen = letters.countOpen.bind(letters)
  const watch = new FleetWatch(world.ctx, world.fleet, 5)
  const [heard, later]: [News[], News[]] = [[], []]
  const unlisten = watch.listen((news) => heard.push(news))
  await vi.waitFor(() => expect(heard).toEqual([changed(TOPICS)]))
  letters.countOpen = () => Promise.reject(new StorageUnavailable('away'))
  await vi.waitFor(() => expect(heard.slice(1)).toEqual([{ event: 'database', answers: false }]))
  const unlistenLater = watch.listen((news) => later.push(news))
  expect(later).toEqual([{ event: 'database', answers: false }])
  letters.countOpen = countOpen
  await vi.waitFor(() => expect(heard.slice(2)).toEqual([{ event: 'database', answers: true }]))
  await vi.waitFor(() =>
    expect(later.slice(1)).toEqual([{ event: 'database', answers: true }, changed(TOPICS)]),
  )
  unlisten()
  unlistenLater()
})

test('the stream says at once to look again, and changed within seconds', async () => {
  const world = await operatorWorld()
  const response = await world.admin(`/stream?fleet=${world.fleet}`, {
    headers: await world.keyFor('viewer'),
  })
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  expect(response.headers.get('cache-control')).toContain('no-transform')
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader.read()).value).toBe(': open\n\n')
  expect((await reader.read()).value).toBe(
    `data: ${JSON.stringify({ event: 'changed', topics: TOPICS })}\n\n`,
  )
  await enrollDevice(world, 1)
  expect((await reader.read()).value).toBe('data: {"event":"changed","topics":["devices"]}\n\n')
  await reader.cancel()
})

test('the stream ends when its reader loses the role', async () => {
  const world = await operatorWorld()
  await addUser(world.ctx, 'root@example.org', { '*': 'admin' })
  const user = await addUser(world.ctx, 'ana@example.org', { [world.fleet]: 'viewer' })
  const actor = { kind: 'user', id: user.id, name: user.name, roles: user.roles } as const
  const call: FleetCall = {
    ctx: world.ctx,
    principal: { actor, sessionId: null, provedAtMs: null, scopes: [] },
    actor,
    params: {},
    query: {},
    body: null,
    request: new Request('http://127.0.0.1/'),
    fleetId: world.fleet,
    reauthenticate: async () => ({
      ...actor,
      roles: (await world.ctx.storage.access.getUser(user.id))?.roles ?? {},
    }),
  }
  const response = await openStream(call, 10)
  const ended = response.text()
  await changeUser(world.ctx, { actor: SYSTEM, id: user.id, body: { role: null, fleet: world.fleet } })
  expect(await ended).toMatch(/^: open\n\n/)
})

test('a reader who left before the stream began takes no place', async () => {
  const world = await operatorWorld()
  const headers = await world.keyFor('viewer')
  for (let n = 0; n <= STREAMS_PER_ACTOR_MAX; n++) {
    const left = await world.admin(`/stream?fleet=${world.fleet}`, { headers, signal: AbortSignal.abort() })
    expect(left.status).toBe(200)
    expect(await left.text()).toBe(': open\n\n')
  }
})

test('one reader holds ten streams at most, and closing one makes room', async () => {
  const world = await operatorWorld()
  const headers = await world.keyFor('viewer')
  const open = () => world.admin(`/stream?fleet=${world.fleet}`, { headers })
  const streams = await Promise.all(Array.from({ length: STREAMS_PER_ACTOR_MAX }, open))
  const refused = await open()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5'])
  await streams[0]?.body?.cancel()
  const again = await open()
  expect(again.status).toBe(200)
  for (const stream of [again, ...streams.slice(1)]) await stream.body?.cancel()
})
