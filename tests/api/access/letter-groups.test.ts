import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Role } from '#lib/storage/ports.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { bodyOf } from '#tests/support/device-world.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

/** A fleet with three letters at two places. */
async function letters() {
  const fleet = await world.fleetWith({})
  const { fleetId } = fleet
  const device = await world.device(fleet)
  const call = async (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    role: Role = 'operator',
  ) => {
    const joined = `/dead-letters${path}${path.includes('?') ? '&' : '?'}fleet=${fleetId}`
    const answer = await world.admin(method, joined, body, role)
    return { status: answer.status, body: await bodyOf(answer) }
  }
  const put = (data: JsonObject) => device.mutation({ op: { type: 'put', data } })
  await device.pushed([put({ title: 7 }), put({ title: 8 }), put({ title: 'a', count: 'x' })])
  const items = async (path: string) => (await call('GET', path)).body['items'] as JsonObject[]
  const log = async () => {
    const answer = await world.admin('GET', `/audit?fleet=${fleetId}`, undefined, 'admin')
    const entries = (await bodyOf(answer))['items'] as JsonObject[]
    return entries
      .map(({ action }) => String(action))
      .filter((action) => action.startsWith('dead-letter-group.'))
  }
  return { call, items, log, fleetId, device, put }
}

describe('groups of dead letters, over HTTP and PostgreSQL', () => {
  it('[DL9] say what people know, one version at a time', async () => {
    const { call, items, log } = await letters()
    const [first, second] = await items('/groups')
    expect([first, second]).toMatchObject([
      { place: '/title', count: 2, devices: 1, state: 'open', version: 0, lastReplay: null },
      { place: '/count', count: 1 },
    ])
    const path = `/groups/${first?.['id'] as string}`
    const change = { note: 'empty speed', owner: 'night ops', snoozedUntil: Date.now() + 60_000, version: 0 }
    expect((await call('PATCH', path, change, 'viewer')).status).toBe(403)
    expect(await call('PATCH', path, change)).toMatchObject({
      status: 200,
      body: { state: 'snoozed', note: 'empty speed', owner: 'night ops', version: 1 },
    })
    expect(await call('PATCH', path, change)).toMatchObject({ status: 409, body: { code: 'stale_version' } })
    expect((await items('/groups?state=snoozed')).map(({ id }) => id)).toEqual([first?.['id']])
    expect((await items('/groups?state=open')).map(({ id }) => id)).toEqual([second?.['id']])
    expect(await call('PATCH', path, { snoozedUntil: null, version: 1 })).toMatchObject({
      body: { state: 'open', snoozedUntilMs: null, note: 'empty speed' },
    })
    expect(await log()).toEqual(['dead-letter-group.change', 'dead-letter-group.change'])
  })

  it('[DL9] merge and come apart, split off and go back, each in the audit log', async () => {
    const { call, items, log, device, put } = await letters()
    const [one, other] = (await items('/groups')).map(({ id }) => id as string)
    expect((await call('POST', `/groups/${one}/merge`, { groups: [one] })).status).toBe(400)
    const merged = await call('POST', `/groups/${one}/merge`, { groups: [other] })
    expect(merged).toMatchObject({ status: 200, body: { id: one, count: 3, mergedIds: [other] } })
    await device.pushed([put({ title: 'a', count: 'y' })])
    expect(await items('/groups')).toMatchObject([{ id: one, count: 4 }])
    expect((await call('GET', `/groups/${other}`)).body).toMatchObject({ id: one })
    expect(await items(`?q=group:${one}`)).toHaveLength(4)
    expect((await call('POST', `/groups/${other}/unmerge`, {})).body).toMatchObject({ id: other, count: 2 })
    expect((await call('POST', `/groups/${other}/unmerge`, {})).status).toBe(404)

    const [letter] = await items(`?q=group:${one}`)
    const split = await call('POST', '/groups', { letters: [letter?.['id']], title: 'the odd one' })
    expect(split).toMatchObject({ status: 201, body: { byHand: true, title: 'the odd one', count: 1 } })
    const own = split.body['id'] as string
    expect(await items(`?q=group:${own}`)).toMatchObject([{ id: letter?.['id'], groupId: own }])
    expect((await call('POST', '/groups', { letters: [own], title: 'x' })).status).toBe(404)
    await call('POST', `/groups/${own}/merge`, { groups: [other] })
    expect((await call('DELETE', `/groups/${own}`, {})).status).toBe(400)
    await call('POST', `/groups/${other}/unmerge`, {})
    expect(await call('DELETE', `/groups/${own}`, {})).toMatchObject({ status: 200, body: { id: own } })
    expect((await call('GET', `/groups/${own}`)).status).toBe(404)
    expect(await items('/groups')).toMatchObject([{ count: 2 }, { count: 2 }])
    const done = ['merge', 'unmerge', 'split', 'merge', 'unmerge', 'rejoin']
    expect(await log()).toEqual(done.toReversed().map((verb) => `dead-letter-group.${verb}`))
  })

  it('are found by the same filter as letters, their counts and their file', async () => {
    const { call, items, fleetId } = await letters()
    expect(await items('?q=path:/title seen:<1h')).toHaveLength(2)
    expect(await items('?q=seen:>1h')).toEqual([])
    expect(await items('/groups?q=path:/title')).toMatchObject([{ place: '/title', count: 2 }])
    expect((await call('GET', '?q=pth:x')).status).toBe(400)
    const { body } = await call('GET', '/facets?q=path:/title')
    expect(body).toMatchObject({ matching: 2, capped: false })
    expect(body['facets']).toContainEqual({
      key: 'path',
      values: [
        { value: '/title', count: 2 },
        { value: '/count', count: 1 },
      ],
      rest: { values: 0, count: 0 },
    })
    const file = await world.admin(
      'GET',
      `/dead-letters/export?fleet=${fleetId}&format=ndjson&q=status:open`,
      undefined,
      'viewer',
    )
    const lines = (await file.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as JsonObject)
    expect(lines).toHaveLength(4)
    expect(lines.find(({ place }) => place === '/count')).toMatchObject({
      place: '/count',
      collection: 'notes',
      op: '{"type":"put","data":{"title":"a","count":"x"}}',
    })
    expect(lines[3]).toEqual({ complete: true, rows: 3 })
  })
})
