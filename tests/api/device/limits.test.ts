import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { RATE_LIMITS_DEFAULT } from '#lib/application/rate-limits.ts'
import { COLLECTIONS_PER_FLEET_MAX, COLLECTIONS_REPORTED_MAX, TOKEN_TEXT_MAX } from '#lib/protocol/limits.ts'
import { bodyOf, newUuid } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

const codeOf = async (response: Response) => [response.status, (await bodyOf(response))['code']]

describe('limits over HTTP and PostgreSQL', () => {
  it('[check 32] [QU1] tells what is left of each quota, and stops a device that goes on past its own with 429', async () => {
    const fleet = await world.fleetWith({ rateLimits: { devicePerMinute: 6, fleetPerMinute: 100 } })
    const [device, other] = [await world.device(fleet), await world.device(fleet)]
    const first = await device.send('GET', '/api/v1/config')
    expect(first.headers.get('ratelimit-policy')).toBe('"device";q=6;w=60, "fleet";q=100;w=60')
    expect(first.headers.get('ratelimit')).toBe('"device";r=5;t=10, "fleet";r=99;t=1')
    for (let n = 0; n < 5; n++) expect((await device.send('GET', '/api/v1/config')).status).toBe(200)
    const limited = await device.push(device.pushBody([device.mutation()]))
    expect(limited.headers.get('ratelimit')).toMatch(/^"device";r=0;/)
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(limited.headers.get('retry-after'))).toBeLessThanOrEqual(10)
    expect(await codeOf(limited)).toEqual([429, 'rate_limited'])
    expect((await other.send('GET', '/api/v1/config')).status).toBe(200)
  })

  it('[check 32] [QU1] stops a fleet past its quota, and no other one', async () => {
    const fleet = await world.fleetWith({ rateLimits: { devicePerMinute: 100, fleetPerMinute: 3 } })
    const devices = [await world.device(fleet), await world.device(fleet)]
    for (let n = 0; n < 3; n++)
      expect((await devices[n % 2]?.send('GET', '/api/v1/config'))?.status).toBe(200)
    const limited = await devices[0]?.send('GET', '/api/v1/config')
    expect(limited && (await codeOf(limited))).toEqual([429, 'rate_limited'])
    expect((await (await world.device()).send('GET', '/api/v1/config')).status).toBe(200)
  })

  it('[QU1] lets a device work as fast as it can by default, and a thousand of them', () => {
    expect(RATE_LIMITS_DEFAULT.devicePerMinute).toBeGreaterThanOrEqual(100 * 60)
    expect(RATE_LIMITS_DEFAULT.fleetPerMinute).toBeGreaterThanOrEqual(5_000 * 60)
  })

  it('[BO1] makes the SDK wait in shed as long as it is told, and then go on', async () => {
    const fleet = await world.fleetWith({ rateLimits: { devicePerMinute: 3, fleetPerMinute: 1_000 } })
    const replica = await world.replica({}, fleet)
    await replica.sync()
    await replica.collection('notes').put(null, { title: 'waits' })
    expect(await replica.sync()).toMatchObject({ state: 'shed', problem: 'rate_limited', pending: 1 })
    world.clock.aheadMs = 600_000
    try {
      expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
    } finally {
      world.clock.aheadMs = 0
    }
    await replica.close()
  })

  it('[SDK1] a device with changes of as many collections as a fleet may have reads within the 16 KiB of most servers', async () => {
    const fleet = await world.fleetWith({})
    const names = Array.from(
      { length: COLLECTIONS_PER_FLEET_MAX - 1 },
      (_, i) => `${'a-long-name-'.repeat(5)}${String(i).padStart(3, '0')}`,
    )
    for (const name of names)
      await createCollection(world.app.ctx, {
        actor: SYSTEM,
        fleetId: fleet.fleetId,
        body: { name, strategy: 'lww', schema: true },
      })
    const sizes: number[] = []
    let isHeld = false
    const send: typeof fetch = (input, init) => {
      const headers = Object.entries(init?.headers ?? {})
        .flat()
        .join(':  ')
      if (String(input).includes('/pull')) sizes.push(String(input).length + headers.length)
      const held = { code: 'breaker_open', scope: 'collection:x' }
      return isHeld && String(input).endsWith('/push')
        ? Promise.resolve(Response.json(held, { status: 503, headers: { 'retry-after': '60' } }))
        : fetch(input, init)
    }
    const replica = await world.replica({ fetch: send }, fleet)
    const writer = await world.replica({}, fleet)
    const [name = ''] = names
    for (const each of names) await replica.collection(each).put(null, { n: 1 })
    // Before the first config any name may be written, and none of them may keep the device from reading.
    await replica.collection('übung').put(null, { n: 1 })
    expect(await replica.sync()).toMatchObject({ state: 'idle' })
    isHeld = true
    for (const each of names) await replica.collection(each).put(null, { n: 2 })
    const { recordId } = await writer.collection(name).put(null, { n: 3 })
    await writer.sync()
    await replica.sync()
    await replica.sync()
    expect((await replica.collection(name).get(recordId))?.data).toEqual({ n: 3 })
    expect(Math.max(...sizes)).toBeLessThan(15 * 1024)
    for (const each of [replica, writer]) await each.close()
  })

  it('takes the longest request line and headers of the contract', async () => {
    const device = await world.device()
    const names = Array.from({ length: COLLECTIONS_PER_FLEET_MAX }, (_, i) => `${'n'.repeat(60)}${100 + i}`)
    const byCollection = Object.fromEntries(
      Array.from({ length: COLLECTIONS_REPORTED_MAX }, (_, i) => [
        `${'n'.repeat(60)}-${100 + i}`,
        10_000_000,
      ]),
    )
    const { outbox, ...report } = device.report()
    const full = {
      ...report,
      outbox: { ...(outbox as object), byCollection },
      ackCommands: Array.from({ length: 100 }, newUuid),
    }
    const ask = (query: Record<string, string>) =>
      fetch(`${world.url}/api/v1/pull?${new URLSearchParams(query)}`, {
        headers: {
          authorization: `Bearer ${device.token}`,
          'tidemark-app': '1.2.0;ios',
          'tidemark-report': JSON.stringify(full),
        },
      })
    const collections = names.join(',')
    expect(await codeOf(await ask({ collections }))).toEqual([403, 'collection_forbidden'])
    const token = 'x'.repeat(TOKEN_TEXT_MAX)
    expect(await codeOf(await ask({ token }))).toEqual([400, 'token_invalid'])
    expect((await ask({ token, collections })).status).toBeLessThan(404)
    expect(await codeOf(await ask({ token, filler: token, more: token }))).toEqual([431, 'headers_too_large'])
  })
})
