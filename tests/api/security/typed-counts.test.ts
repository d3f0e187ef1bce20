import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '#lib/kernel/json.ts'
import { UNTYPED_MAX } from '#lib/protocol/limits.ts'
import type { Role } from '#lib/storage/ports.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { bodyOf } from '#tests/support/device-world.ts'

const LETTERS = UNTYPED_MAX.letters + 1
/** Of one push. */
const BATCH = 334

let world: DeviceHttp
let letterId: string
beforeAll(async () => {
  world = await deviceHttp()
  for (let made = 0; made < LETTERS; made += BATCH) {
    // One device alone may not leave as many in a day.
    const device = await world.device()
    const mutations = Array.from({ length: Math.min(BATCH, LETTERS - made) }, () =>
      device.mutation({ collection: 'nowhere' }),
    )
    await device.pushed(mutations)
  }
  const listed = await bodyOf(await world.admin('GET', `/dead-letters?fleet=${world.fleet.fleetId}&limit=1`))
  letterId = String((listed['items'] as readonly JsonObject[])[0]?.['id'])
})
afterAll(() => world.close())

async function act(path: string, body: JsonObject, role: Role = 'operator') {
  const answer = await world.admin('POST', `${path}?fleet=${world.fleet.fleetId}`, body, role)
  const told = await bodyOf(answer)
  const errors = (told['errors'] ?? []) as readonly JsonObject[]
  return {
    status: answer.status,
    code: told['code'],
    paths: errors.map((error) => error['path']),
    body: told,
  }
}

const scopePath = (): string => `/breakers/${encodeURIComponent(`fleet:${world.fleet.fleetId}`)}/override`
const replay = (more: JsonObject) => ({ kind: 'replay', q: 'code:unknown_collection', ...more })
const override = (more: JsonObject) => ({ kind: 'forced_open', version: 0, breakGlass: true, ...more })

describe('what takes long to make good', () => {
  it('[check 8] is for operators and up, a purge for administrators, each with its reason', async () => {
    const reason = 'on purpose'
    for (const [path, body] of [
      ['/operations', replay({ reason, count: LETTERS })],
      [`/dead-letters/${letterId}/replay`, { reason }],
      [scopePath(), override({ reason })],
    ] as const)
      expect([path, (await act(path, body, 'viewer')).status]).toEqual([path, 403])
    for (const role of ['viewer', 'operator'] as const)
      expect((await act(`/dead-letters/${letterId}/purge`, { reason }, role)).status).toBe(403)
    for (const [path, body, role] of [
      ['/operations', replay({ count: LETTERS }), 'operator'],
      [scopePath(), override({}), 'operator'],
      [`/dead-letters/${letterId}/purge`, {}, 'admin'],
      [`/dead-letters/${letterId}/reveal`, {}, 'operator'],
    ] as const) {
      const refused = await act(path, body, role)
      expect([path, refused.status, refused.paths]).toEqual([path, 400, ['/reason']])
      expect([path, (await act(path, { ...body, reason: '   ' }, role)).status]).toEqual([path, 400])
    }
  })

  it('[check 8] a bulk replay of more than 1,000 letters is of the number that was typed, or is refused', async () => {
    const reason = 'their collection is back'
    expect(await act('/operations', replay({ reason }))).toMatchObject({ status: 400, paths: ['/count'] })
    const wrong = await act('/operations', replay({ reason, count: LETTERS - 1 }))
    expect(wrong).toMatchObject({ status: 409, code: 'count_changed', body: { matched: LETTERS } })
    const none = await bodyOf(await world.admin('GET', `/operations?fleet=${world.fleet.fleetId}`))
    expect(none['items']).toEqual([])
    expect(await act('/operations', replay({ reason, count: LETTERS }))).toMatchObject({
      status: 201,
      body: { matched: LETTERS, state: 'draft' },
    })
    // Few are looked through at a glance.
    const few = { kind: 'discard', q: `id:${letterId}`, reason }
    expect((await act('/operations', few)).status).toBe(201)
  })

  it('[check 8] an override that meets 1,000 devices and more is of the number that was typed, or nearly so', async () => {
    const { devices } = world.app.ctx.storage
    const { facets } = devices
    devices.facets = async (...asked) => ({ ...(await facets.apply(devices, asked)), matching: 1_200 })
    try {
      const reason = 'they all fail'
      expect(await act(scopePath(), override({ reason }))).toMatchObject({ status: 400, paths: ['/devices'] })
      const wrong = await act(scopePath(), override({ reason, devices: 1_000 }))
      expect(wrong).toMatchObject({ status: 409, code: 'count_changed', body: { matched: 1_200 } })
      // Asking a second person meets nobody yet: it is theirs to look.
      expect((await act(scopePath(), override({ reason, breakGlass: false }))).status).toBe(201)
      expect((await act(scopePath(), override({ reason, devices: 1_150, version: 1 }))).status).toBe(201)
    } finally {
      devices.facets = facets
    }
  })
})
