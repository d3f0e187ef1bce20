import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { overview } from '#lib/application/pillars/overview.ts'
import { lag } from '#lib/application/pillars/lag.ts'
import { foldEvents } from '#lib/application/telemetry/fold-events.ts'
import { showThresholds } from '#lib/application/telemetry/show-thresholds.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Role } from '#lib/storage/ports.ts'
import type { TestFleet } from '#tests/support/device-world.ts'
import { bodyOf, newUuid, send } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

const call = async (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  role: Role = 'admin',
) => {
  const answer = await world.admin(method, path, body, role)
  return { status: answer.status, body: await bodyOf(answer) }
}
const itemsOf = ({ body }: { body: JsonObject }) => body['items'] as JsonObject[]

describe('enrollment keys with limits, over HTTP and PostgreSQL', () => {
  it('enrolls as many devices as it may, and says so; a repeat is no other device', async () => {
    const fleet = await world.fleetWith({})
    const path = `/enrollment-keys?fleet=${fleet.fleetId}`
    const made = await call('POST', path, { name: 'two tills', maxDevices: 2 })
    expect(made).toMatchObject({ status: 201, body: { maxDevices: 2, devices: 0, lastUsedMs: null } })
    const enroll = async (requestId = newUuid()) => {
      const body = { requestId, device: { name: 'till', platform: 'ios', appVersion: '1.0' } }
      const token = made.body['key'] as string
      const answer = await send(world.app, 'POST', '/api/v1/enroll', { token, body })
      return [answer.status, (await bodyOf(answer))['detail']]
    }
    const first = newUuid()
    expect((await enroll(first))[0]).toBe(201)
    expect((await enroll(first))[0]).toBe(201)
    expect((await enroll())[0]).toBe(201)
    expect(await enroll()).toEqual([401, 'this enrollment key has enrolled as many devices as it may'])
    const [listed] = itemsOf(await call('GET', path)).filter(({ id }) => id === made.body['id'])
    expect(listed).toMatchObject({ devices: 2, lastUsedMs: expect.any(Number) })
    for (const maxDevices of [0, 1.5, 'x'])
      expect((await call('POST', path, { name: 'bad', maxDevices })).status).toBe(400)
  })

  it('an ingest key says when it was used last, within a minute', async () => {
    const { fleetId } = await world.fleetWith({})
    const path = `/ingest-keys?fleet=${fleetId}`
    const made = await call('POST', path, { name: 'collector', source: 'powersync' })
    const used = async () => itemsOf(await call('GET', path))[0]?.['lastUsedMs']
    expect(await used()).toBeNull()
    const tell = () =>
      send(world.app, 'POST', '/api/v1/ingest/sessions', {
        token: made.body['key'] as string,
        body: { sessions: [{}] },
      })
    await tell()
    const first = await used()
    expect(first).toEqual(expect.any(Number))
    await tell()
    expect(await used()).toBe(first)
    world.clock.aheadMs += 61_000
    await tell()
    world.clock.aheadMs -= 61_000
    expect(await used()).toBeGreaterThan((first as number) + 60_000)
  })
})

describe('app releases, over HTTP and PostgreSQL', () => {
  it('are told by an operator, marked on the charts at their time, and taken back', async () => {
    const { fleetId } = await world.fleetWith({})
    const path = `/releases?fleet=${fleetId}`
    const releasedAtMs = Date.now() - 600_000
    const told = await call('POST', path, { version: '2.4.1', releasedAtMs, note: 'new scanner' }, 'operator')
    expect(told).toMatchObject({ status: 201, body: { version: '2.4.1', releasedAtMs, note: 'new scanner' } })
    expect((await call('POST', path, { version: '2.4.1' })).body['code']).toBe('already_exists')
    expect((await call('POST', path, { version: '2.5' }, 'viewer')).status).toBe(403)
    for (const bad of [{}, { version: '' }, { version: ' 1' }, { version: '1', releasedAtMs: 9e15 }])
      expect((await call('POST', path, bad)).status, JSON.stringify(bad)).toBe(400)
    expect(itemsOf(await call('GET', path, undefined, 'viewer'))).toEqual([told.body])

    const range = { fleetId, fromMs: releasedAtMs - 60_000, toMs: Date.now() }
    const marks = async () => (await overview(world.app.ctx, range)).annotations
    expect(await marks()).toEqual([{ atMs: releasedAtMs, kind: 'release', what: '2.4.1', count: 1 }])
    const id = told.body['id'] as string
    expect((await call('DELETE', `/releases/${id}?fleet=${fleetId}`, {}, 'viewer')).status).toBe(403)
    const back = await call('DELETE', `/releases/${id}?fleet=${fleetId}`, { reason: 'a typo' }, 'operator')
    expect(back).toEqual({ status: 200, body: told.body })
    expect((await call('DELETE', `/releases/${id}?fleet=${fleetId}`)).status).toBe(404)
    expect(await marks()).toEqual([])
    const log = itemsOf(await call('GET', `/audit?fleet=${fleetId}`))
    const done = log.filter(({ outcome }) => outcome === 'done')
    expect(done.slice(0, 2)).toMatchObject([
      { action: 'release.remove', reason: 'a typo', before: { version: '2.4.1' } },
      { action: 'release.record', after: { version: '2.4.1', releasedAtMs } },
    ])
  })
})

describe('thresholds of a collection, over HTTP and PostgreSQL', () => {
  /** A fleet with two collections, of which changes arrive a minute late; one of them may take no more than 20 s. */
  async function lateFleet(): Promise<TestFleet> {
    const fleet = await world.fleetWith({})
    const orders = { fleet: fleet.fleetId, name: 'orders', strategy: 'lww', schema: true }
    const thresholds = { lagWarnMs: 20_000, lagCriticalMs: 30_000 }
    expect((await call('POST', '/collections', { ...orders, thresholds })).status).toBe(201)
    const device = await world.device(fleet)
    const madeAt = new Date(Date.now() - 60_000).toISOString()
    const change = (collection: string) =>
      device.mutation({ collection, madeAt, op: { type: 'put', data: { title: 'x' } } } as never)
    await device.pushed([...Array.from({ length: 3 }, () => change('orders')), change('notes')])
    while ((await foldEvents(world.app.ctx)).more);
    return fleet
  }

  it('judge it before the fleet’s: in its pillar, among the groups, in the verdict, and for Prometheus', async () => {
    const { fleetId } = await lateFleet()
    const range = { fleetId, fromMs: Date.now() - 600_000, toMs: Date.now() + 60_000 }
    const whole = await lag(world.app.ctx, { ...range, groupBy: 'collection' })
    expect(whole.level).toBe('ok')
    expect(whole.groups.map(({ key, level }) => [key, level])).toEqual([
      ['orders', 'crit'],
      ['notes', 'ok'],
    ])
    const own = await lag(world.app.ctx, { ...range, collection: 'orders' })
    expect([own.level, own.limits.lagCriticalMs]).toEqual(['crit', 30_000])

    const { verdict, collections } = await overview(world.app.ctx, range)
    expect(collections.map(({ name, lagLevel }) => [name, lagLevel])).toEqual([['orders', 'crit']])
    // Telemetry of this fleet has no snapshot yet, which the verdict says first.
    expect(verdict.level).toBe('unk')

    await showThresholds(world.app.ctx, fleetId)
    const { body } = await world.app.ctx.metrics.render()
    const limit = (collection: string, name: string) =>
      `tidemark_threshold_seconds{fleet="${fleetId}",collection="${collection}",limit="${name}"}`
    for (const line of [
      `${limit('orders', 'lag_critical')} 30`,
      `${limit('notes', 'lag_critical')} 3600`,
      `${limit('*', 'oldest_warn')} 3600`,
      `tidemark_threshold_figure{fleet="${fleetId}",collection="*",limit="failure_warn"} 0.01`,
    ])
      expect(body).toContain(line)
    expect(body).not.toContain(limit('orders', 'oldest_warn'))
  })
})
