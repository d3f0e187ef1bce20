import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '#lib/kernel/json.ts'
import { OPERATION_LETTERS_MAX } from '#lib/protocol/limits.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { bodyOf } from '#tests/support/device-world.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

/** A fleet with three letters, newest first. */
async function letters() {
  const fleet = await world.fleetWith({})
  const device = await world.device(fleet)
  await device.pushed([7, 8, 9].map((title) => device.mutation({ op: { type: 'put', data: { title } } })))
  const call = async (method: 'GET' | 'POST', path: string, body?: unknown) => {
    const joined = `${path}${path.includes('?') ? '&' : '?'}fleet=${fleet.fleetId}`
    const answer = await world.admin(method, joined, body, 'operator')
    return { status: answer.status, body: await bodyOf(answer) }
  }
  const items = async (q: string) =>
    ((await call('GET', `/dead-letters?q=${encodeURIComponent(q)}`)).body['items'] as JsonObject[]).map(
      ({ id }) => String(id),
    )
  return { call, items, ids: await items('') }
}

describe('letters that are named one by one, over HTTP and PostgreSQL', () => {
  it('[DL10] are found by their ids', async () => {
    const { items, ids } = await letters()
    expect(ids).toHaveLength(3)
    const [first = '', second = '', third = ''] = ids
    expect(await items(`id:${first},${third}`)).toEqual([first, third])
    expect(await items(`-id:${second}`)).toEqual([first, third])
  })

  it('[DL10] are the members of an operation, the poisoned ones among them', async () => {
    const { call, ids } = await letters()
    const [first = '', second = ''] = ids
    for (let replay = 0; replay < 3; replay++)
      expect((await call('POST', `/dead-letters/${first}/replay`, { reason: 'again' })).status).toBe(200)
    const chosen = { kind: 'discard', letters: [first, second, first] }
    expect((await call('POST', '/operations/preview', chosen)).body).toMatchObject({
      matched: 2,
      counts: [{ outcome: 'discarded', count: 2 }],
    })
    expect((await call('POST', '/operations/preview', { kind: 'discard' })).body).toMatchObject({
      matched: 2,
    })
    const made = await call('POST', '/operations', { ...chosen, reason: 'not needed', count: 2 })
    expect(made).toMatchObject({ status: 201, body: { matched: 2, q: `id:${first},${second}` } })
  })

  it('are bounded, and stand instead of a filter', async () => {
    const { call, ids } = await letters()
    const many = Array.from({ length: OPERATION_LETTERS_MAX + 1 }, () => ids[0])
    for (const wrong of [{ letters: many }, { letters: [] }, { letters: ids, q: 'code:too_large' }])
      expect(await call('POST', '/operations/preview', { kind: 'replay', ...wrong })).toMatchObject({
        status: 400,
        body: { code: 'bad_request' },
      })
  })
})
