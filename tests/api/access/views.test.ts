import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OWN_VIEWS_MAX } from '#lib/application/views/view-input.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Role } from '#lib/storage/ports.ts'
import { bodyOf } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

/** Each role is a person of its own here. */
async function views() {
  const { fleetId } = await world.fleetWith({})
  const call = async (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    role: Role,
    body?: unknown,
  ) => {
    const joined = `/views${path}${path.includes('?') ? '&' : '?'}fleet=${fleetId}`
    const answer = await world.admin(method, joined, body, role)
    return { status: answer.status, body: await bodyOf(answer) }
  }
  const save = (role: Role, changes: JsonObject = {}) =>
    call('POST', '', role, {
      page: 'sessions',
      name: 'failed',
      params: { q: 'result:failed', range: '1h' },
      ...changes,
    })
  const names = async (role: Role, page = 'sessions') => {
    const { body } = await call('GET', `?page=${page}`, role)
    return (body['items'] as JsonObject[]).map(({ name }) => name)
  }
  const log = async () => {
    const answer = await world.admin('GET', `/audit?fleet=${fleetId}`, undefined, 'admin')
    const items = (await bodyOf(answer))['items'] as JsonObject[]
    const done = items.filter(({ outcome }) => outcome === 'done').map(({ action }) => String(action))
    return done.filter((action) => action.startsWith('view.'))
  }
  return { call, save, names, log }
}

describe('saved views, over HTTP and PostgreSQL', () => {
  it('are one’s own, or shared by an operator with everyone; what is shared is in the audit log', async () => {
    const { call, save, names, log } = await views()
    const own = await save('viewer')
    expect(own).toMatchObject({
      status: 201,
      body: { shared: false, params: { q: 'result:failed', range: '1h' } },
    })
    expect([await names('viewer'), await names('admin')]).toEqual([['failed'], []])
    expect((await save('viewer', { name: 'for all', shared: true })).status).toBe(403)
    const shared = await save('operator', { name: 'for all', shared: true })
    expect(shared.status).toBe(201)
    expect([await names('viewer'), await names('admin')]).toEqual([['failed', 'for all'], ['for all']])
    expect(await names('viewer', 'devices')).toEqual([])

    const [mine, theirs] = [`/${own.body['id'] as string}`, `/${shared.body['id'] as string}`]
    // Whose it is says who may change it; a shared one an administrator may too.
    expect((await call('PATCH', mine, 'admin', { name: 'x' })).status).toBe(404)
    expect((await call('PATCH', theirs, 'viewer', { name: 'x' })).status).toBe(403)
    expect((await call('PATCH', theirs, 'admin', { name: 'for everyone' })).status).toBe(200)
    expect((await call('PATCH', mine, 'viewer', { shared: true })).status).toBe(403)
    expect((await call('PATCH', mine, 'viewer', { name: 'failures' })).body).toMatchObject({
      name: 'failures',
    })
    expect((await call('DELETE', theirs, 'operator', { reason: 'nobody used it' })).status).toBe(200)
    expect((await call('DELETE', mine, 'viewer')).status).toBe(200)
    expect((await call('DELETE', mine, 'viewer')).status).toBe(404)
    expect(await log()).toEqual(['view.remove', 'view.change', 'view.share'])
  })

  it('keep what their page understands, under a name that is theirs once, and are bounded', async () => {
    const { call, save } = await views()
    await save('viewer')
    expect((await save('viewer')).body['code']).toBe('already_exists')
    expect(
      (await save('viewer', { page: 'devices', params: { q: 'state:offline', sort: 'queue' } })).status,
    ).toBe(201)
    for (const bad of [
      { params: { q: 'colour:red' } },
      { params: { sort: 'queue' } },
      { params: { cursor: 'x' } },
      { page: 'audit' },
      { name: ' ' },
    ])
      expect([bad, (await save('viewer', { name: 'bad', ...bad })).status]).toEqual([bad, 400])
    expect((await call('GET', '?page=audit', 'viewer')).status).toBe(400)
    for (let n = 1; n < OWN_VIEWS_MAX; n++) expect((await save('viewer', { name: `n${n}` })).status).toBe(201)
    expect((await save('viewer', { name: 'one more' })).status).toBe(400)
    expect((await save('operator', { name: 'somebody else’s' })).status).toBe(201)
  })
})
