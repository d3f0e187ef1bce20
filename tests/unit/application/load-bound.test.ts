import { describe, expect, test } from 'vitest'
import { LoadBound } from '#lib/application/load-bound.ts'
import { createContext } from '#lib/application/create-context.ts'
import { createRouter } from '#lib/http/router.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { TestDevice, bodyOf, testApp, testFleet } from '#tests/support/device-world.ts'

describe('requests in hand', () => {
  test('push is shed first and pull last, and what has ended makes room', () => {
    const load = new LoadBound(10)
    const served = { push: 0, sessions: 0, heartbeat: 0, pull: 0 }
    for (const route of ['push', 'sessions', 'heartbeat', 'pull'] as const)
      while (load.enter(route)) served[route] += 1
    expect(served).toEqual({ push: 5, sessions: 2, heartbeat: 2, pull: 1 })
    load.leave()
    expect(load.enter('heartbeat')).toBe(false)
    expect(load.enter('pull')).toBe(true)
  })

  test('a loaded process answers 503 shed with a spread Retry-After, before the body, and is no failure', async () => {
    const app = testApp(openMemoryStorage())
    const device = await TestDevice.enroll(app, await testFleet(app))
    await device.pushed([device.mutation()])
    const { ctx } = app
    while (ctx.load.enter('push'));
    const answer = await device.push('{ this is no JSON')
    expect([answer.status, (await bodyOf(answer))['code']]).toEqual([503, 'shed'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(3)
    expect((await device.send('GET', '/api/v1/pull')).status).toBe(200)
    const failures = ctx.breakers
      .list(() => true)
      .flatMap(({ window }) => window.map((second) => second.failures))
    expect(Math.max(...failures)).toBe(0)
  })

  test('a request gives its place back however it ends', async () => {
    const app = testApp(openMemoryStorage())
    const device = await TestDevice.enroll(app, await testFleet(app))
    const ctx = { ...createContext(app.ctx), load: new LoadBound(2) }
    const router = createRouter({ ctx, metrics: async () => new Response(''), isDraining: () => false })
    const ask = (path: string, token: string) =>
      router.handle(new Request(`http://x${path}`, { headers: { authorization: `Bearer ${token}` } }))
    for (let n = 0; n < 5; n++) {
      expect((await ask('/api/v1/pull', device.token))?.status).toBe(200)
      expect((await ask('/api/v1/pull', 'nobody'))?.status).toBe(401)
      expect((await ask('/api/v1/pull?limit=x', device.token))?.status).toBe(400)
      expect((await ask('/api/v1/push', device.token))?.status).toBe(405)
    }
  })
})
