import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RATE_LIMITS_DEFAULT } from '#lib/application/rate-limits.ts'
import { bodyOf } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

const codeOf = async (response: Response) => [response.status, (await bodyOf(response))['code']]

describe('limits over HTTP and PostgreSQL', () => {
  it('[QU1] tells what is left of each quota, and stops a device that goes on past its own with 429', async () => {
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

  it('[QU1] stops a fleet past its quota, and no other one', async () => {
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
})
