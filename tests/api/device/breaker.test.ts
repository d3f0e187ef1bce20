import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  appScope,
  ENGINE_SCOPE,
  backendScope,
  collectionScope,
  fleetScope,
} from '#lib/application/breakers/scopes.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { BreakerWorld, Sickness } from '#tests/support/breaker-world.ts'
import { openBreakerWorld, sickStorage, until } from '#tests/support/breaker-world.ts'
import { bodyOf, newUuid, testApp, testFleet } from '#tests/support/device-world.ts'

let world: BreakerWorld
let sickness: Sickness
const fleet = () => fleetScope(world.fleetId)
const notes = () => collectionScope(world.fleetId, 'notes')

beforeEach(async () => {
  const sick = sickStorage(openMemoryStorage())
  sickness = sick.sickness
  world = await openBreakerWorld(sick.storage)
})
afterEach(() => world.close())

const fallIll = async (): Promise<void> => {
  sickness.all = true
  await until(world, ENGINE_SCOPE, 'open', () => world.push(['notes']))
}
const stickNotes = async (): Promise<void> => {
  sickness.stuck = new Set(['notes'])
  await until(world, notes(), 'open', () => world.push(['notes']))
}

describe('an open breaker of engine or fleet', () => {
  test('[BR2] storage failures trip engine and fleet, and no collection', async () => {
    await fallIll()
    expect(world.stateOf(fleet())).toBe('open')
    expect(world.stateOf(notes())).toBe('closed')
  })

  test('[BR3] it answers 503 breaker_open with the scope and Retry-After, and asks no database', async () => {
    await fallIll()
    const before = sickness.calls
    for (const route of ['/api/v1/pull', '/api/v1/config', '/api/v1/events']) {
      const answer = await world.get(route)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'application/problem+json'])
      expect(await bodyOf(answer)).toMatchObject({ code: 'breaker_open', status: 503, scope: 'engine' })
      const seconds = Number(answer.headers.get('retry-after'))
      expect(seconds).toBeGreaterThanOrEqual(29)
      expect(seconds).toBeLessThanOrEqual(46)
      expect(answer.headers.get('tidemark-version')).toBe('1')
      expect(answer.headers.get('tidemark-now')).not.toBeNull()
    }
    expect((await world.push(['notes'])).status).toBe(503)
    expect(sickness.calls).toBe(before)
  })

  test('[BR3] a request whose body is never sent gets its answer', async () => {
    await fallIll()
    const { socket, answer } = await world.begin()
    expect(await answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*breaker_open/)
    socket.destroy()
  })

  test('[BR3] a body that is no JSON is not looked at', async () => {
    await fallIll()
    const answer = await fetch(`${world.base}/api/v1/push`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.device.token}`, 'content-type': 'text/plain' },
      body: '{{{{',
    })
    expect((await bodyOf(answer))['code']).toBe('breaker_open')
  })

  test('[BR3] after 30 s five good answers close it, and one bad one opens it for a minute', async () => {
    await fallIll()
    world.wait(30_000)
    await world.push(['notes'])
    expect(world.app.ctx.breakers.refusal(ENGINE_SCOPE)?.retryAfterMs).toBeGreaterThan(58_000)
    sickness.all = false
    world.wait(60_000)
    for (let n = 0; n < 5; n++) expect((await world.push(['notes'])).status).toBe(200)
    expect([ENGINE_SCOPE, fleet()].map(world.stateOf)).toEqual(['closed', 'closed'])
  })

  test('[BR5] the fleet that the token names is shut alone', async () => {
    for (let n = 0; n < 20; n++) {
      const pass = world.app.ctx.breakers.begin()
      pass.enter([fleet()])
      pass.end(() => 'failed')
    }
    expect(await bodyOf(await world.get('/api/v1/pull'))).toMatchObject({ scope: fleet() })
    const other = await testFleet(world.app)
    const enrolled = await fetch(`${world.base}/api/v1/enroll`, {
      method: 'POST',
      headers: { authorization: `Bearer ${other.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        requestId: newUuid(),
        device: { name: 'x', platform: 'ios', appVersion: '1' },
      }),
    })
    expect(enrolled.status).toBe(201)
  })

  test('[BR5] the app version that the request names is shut alone, before its body is read', async () => {
    const scope = appScope(world.fleetId, '1.2.0')
    for (let n = 0; n < 20; n++) {
      const pass = world.app.ctx.breakers.begin()
      pass.enter([scope])
      pass.end(() => 'failed')
    }
    const before = sickness.calls
    expect(await bodyOf(await world.get('/api/v1/pull'))).toMatchObject({ code: 'breaker_open', scope })
    const unread = await fetch(`${world.base}/api/v1/push`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.device.token}`, 'tidemark-app': '1.2.0;ios' },
      body: '{{{{',
    })
    expect(await bodyOf(unread)).toMatchObject({ code: 'breaker_open', scope })
    expect(sickness.calls).toBe(before)
    const other = await fetch(`${world.base}/api/v1/pull`, {
      headers: { authorization: `Bearer ${world.device.token}`, 'tidemark-app': '1.3.0;ios' },
    })
    expect(other.status).toBe(200)
  })

  test('what was shed counts as shed for its fleet, never as a failure', async () => {
    await fallIll()
    for (let n = 0; n < 10; n++) await world.get('/api/v1/pull')
    sickness.all = false
    await world.app.ctx.requests.flush()
    const { body } = await world.app.ctx.metrics.render()
    expect(body).toContain(
      `tidemark_requests_total{fleet="${world.fleetId}",route="pull",status_class="shed"} 10`,
    )
    expect(body).toContain('tidemark_breaker_state{scope="engine",state="open"} 1')
    expect(body).toContain('tidemark_breaker_state{scope="engine",state="closed"} 0')
  })

  test('[BR6] another process over the same storage goes on', async () => {
    await fallIll()
    sickness.all = false
    const other = testApp(world.app.ctx.storage)
    const device = world.device.at(other)
    expect((await world.get('/api/v1/pull')).status).toBe(503)
    expect((await device.push(device.pushBody([device.mutation()]))).status).toBe(200)
  })
})

describe('what is no call', () => {
  test('[BR2] a client’s own 4xx never trips anything', async () => {
    for (let n = 0; n < 60; n++) {
      const headers = { authorization: `Bearer ${world.device.token}`, 'content-type': 'application/json' }
      const sent = await fetch(`${world.base}/api/v1/push`, { method: 'POST', headers, body: '{"no":1}' })
      expect(sent.status).toBe(400)
      expect((await fetch(`${world.base}/api/v1/pull`)).status).toBe(401)
    }
    const counted = world.app.ctx.breakers
      .list(() => true)
      .flatMap(({ window }) => window.map(({ failures }) => failures))
    expect(Math.max(...counted)).toBe(0)
  })

  test('[BR2] in HALF_OPEN a client that goes away in the middle of its body gives its probe back', async () => {
    await fallIll()
    sickness.all = false
    world.wait(30_000)
    const begun = await Promise.all(Array.from({ length: 5 }, () => world.begin('{"requ')))
    await expect.poll(() => world.app.ctx.breakers.refusal(ENGINE_SCOPE)).not.toBeNull()
    for (const { socket } of begun) socket.destroy()
    await expect.poll(() => world.app.ctx.breakers.refusal(ENGINE_SCOPE)).toBeNull()
    for (let n = 0; n < 5; n++) expect((await world.push(['notes'])).status).toBe(200)
    expect(world.stateOf(ENGINE_SCOPE)).toBe('closed')
  })
})

test('[BR2] pushes that are long in coming are not slow, and trip nothing', async () => {
  const calls = () => world.app.ctx.breakers.list((scope) => scope === ENGINE_SCOPE)[0]?.window ?? []
  const before = calls().reduce((sum, second) => sum + second.calls, 0)
  const text = JSON.stringify(world.device.pushBody([world.device.mutation()])).padEnd(1_000)
  const { socket, answer } = await world.begin(text.slice(0, 10))
  await new Promise((resolve) => setTimeout(resolve, 50))
  world.wait(20_000)
  socket.write(text.slice(10))
  expect(await answer).toMatch(/^HTTP\/1\.1 200/)
  socket.destroy()
  expect(calls().reduce((sum, second) => sum + second.calls, 0)).toBe(before + 1)
  expect(calls().every(({ slow }) => slow === 0)).toBe(true)
})

describe('an open breaker of a collection', () => {
  test('[BR2] a stream that cannot be locked trips its collection alone', async () => {
    await stickNotes()
    expect([ENGINE_SCOPE, fleet(), collectionScope(world.fleetId, 'jobs')].map(world.stateOf)).toEqual(
      Array.from({ length: 3 }, () => 'closed'),
    )
  })

  test('[BR2] its mutations are shed, with their children, and the rest of the push goes on', async () => {
    await stickNotes()
    const { device } = world
    const parent = device.mutation()
    const child = device.mutation({ recordId: parent.recordId, after: parent.id })
    const job = device.mutation({ collection: 'jobs' })
    const { results, head } = await device.pushed([parent, job, child])
    expect(results).toEqual([
      { id: parent.id, status: 'shed', retryAfterMs: expect.any(Number) },
      { id: job.id, status: 'applied', version: 2 },
      { id: child.id, status: 'shed', retryAfterMs: expect.any(Number) },
    ])
    expect(results[0]).toMatchObject({ retryAfterMs: expect.toSatisfy((ms: number) => ms >= 29_000) })
    expect(head).toEqual({ jobs: 2 })
    // Nothing happened: the same mutation applies later, in a new request.
    sickness.stuck = new Set()
    world.wait(30_000)
    expect((await device.pushed([parent])).results).toMatchObject([{ status: 'applied' }])
  })

  test('[BR2] when all are shed the answer is 503 breaker_open, and nothing is stored', async () => {
    await stickNotes()
    const body = world.device.pushBody([world.device.mutation()])
    const before = sickness.calls
    const answer = await world.device.push(body)
    expect(await bodyOf(answer)).toMatchObject({ code: 'breaker_open', scope: notes() })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(28)
    expect(sickness.calls).toBe(before)
    sickness.stuck = new Set()
    world.wait(30_000)
    expect((await world.device.push(body)).status).toBe(200)
  })

  test('[AT1] an atomic push with a shed culprit has no effect', async () => {
    await stickNotes()
    const answer = await world.push(['notes', 'jobs'], { atomic: true })
    expect(await bodyOf(answer)).toMatchObject({
      code: 'atomic_aborted',
      results: [{ status: 'shed' }, { status: 'not_applied' }],
    })
  })

  test('[BR2] a pull leaves it out and keeps its place; the others flow', async () => {
    const { device } = world
    const { token } = await device.pulled()
    await device.pushed(['notes', 'jobs'].map((collection) => device.mutation({ collection })))
    await stickNotes()
    const page = await device.pulled(token)
    expect(page.changes.map(({ collection }) => collection)).toEqual(['jobs'])
    expect(page.snapshots).toEqual({})
    const first = await device.pulled()
    expect(first.snapshots).toEqual({ jobs: 'complete', notes: 'queued' })
    const only = await device.send(
      'GET',
      `/api/v1/pull?${new URLSearchParams({ token, collections: 'notes' })}`,
    )
    expect([only.status, (await bodyOf(only))['code']]).toEqual([503, 'breaker_open'])
    sickness.stuck = new Set()
    world.wait(30_000)
    const later = await device.pulled(page.token)
    expect(later.changes.map(({ collection }) => collection)).toEqual(['notes'])
    expect((await device.pulled(first.token)).snapshots).toEqual({ notes: 'complete' })
  })

  test('[BR5] so does the breaker of its business backend', async () => {
    const { breakers } = world.app.ctx
    const scope = backendScope(world.fleetId, 'notes')
    const known = world.device.mutation({ collection: 'notes' })
    await world.device.pushed([known])
    for (let n = 0; n < 20; n++)
      await breakers.call(scope, async () => Promise.reject(new Error('away'))).catch(() => undefined)
    const others = ['notes', 'jobs'].map((collection) => world.device.mutation({ collection }))
    const { results } = await world.device.pushed([known, ...others])
    expect(results).toMatchObject([{ status: 'duplicate' }, { status: 'shed' }, { status: 'applied' }])
    expect(await bodyOf(await world.push(['notes']))).toMatchObject({ code: 'breaker_open', scope })
  })

  test('a device is told on its stream, and in Tidemark-Commands when it holds none', async () => {
    const controller = new AbortController()
    const response = await fetch(`${world.base}/api/v1/events`, {
      headers: { authorization: `Bearer ${world.device.token}` },
      signal: controller.signal,
    })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await stickNotes()
    let text = ''
    while (!text.includes('event: breaker')) text += new TextDecoder().decode((await reader.read()).value)
    const data = /event: breaker\ndata: (.*)\n/.exec(text)?.[1] ?? '{}'
    expect(JSON.parse(data)).toEqual({ scope: notes(), state: 'open', retryAfterMs: 30_000 })
    controller.abort()

    const told = (await world.get('/api/v1/config')).headers.get('tidemark-commands') ?? ''
    expect(JSON.parse(told)).toMatchObject([{ type: 'breaker', scope: notes(), state: 'open' }])
    sickness.stuck = new Set()
    world.wait(30_000)
    await until(world, notes(), 'closed', () => world.push(['notes']))
    expect((await world.get('/api/v1/config')).headers.get('tidemark-commands')).toBe('[]')
  })

  test('[BR3] what a pull leaves out it tells, also where the breaker closes before the answer goes out', async () => {
    await world.push(['notes'])
    await stickNotes()
    const { pages } = world.app.ctx
    const read = pages.read.bind(pages)
    pages.read = async (...asked) => {
      sickness.stuck = new Set()
      world.wait(30_000)
      await until(world, notes(), 'closed', () => world.push(['notes']))
      return read(...asked)
    }
    const answer = await world.get('/api/v1/pull')
    pages.read = read
    expect(await bodyOf(answer)).toMatchObject({
      hasMore: false,
      snapshots: { jobs: 'complete', notes: 'queued' },
    })
    const told = JSON.parse(answer.headers.get('tidemark-commands') ?? '')
    expect(told).toMatchObject([{ type: 'breaker', scope: notes(), state: 'open' }])
    expect((await world.get('/api/v1/pull')).headers.get('tidemark-commands')).toBe('[]')
  })
})
