import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { TestDevice, TestFleet } from '#tests/support/device-world.ts'
import { bodyOf, newUuid, send } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

let world: DeviceHttp
let device: TestDevice
beforeAll(async () => {
  world = await deviceHttp()
  device = await world.device()
})
afterAll(() => world.close())

const call = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: JsonObject) => {
  const answer = await world.admin(method, path, body, 'admin')
  return { status: answer.status, body: await bodyOf(answer) }
}
const itemsOf = ({ body }: { body: JsonObject }) => body['items'] as JsonObject[]
const idsOf = (list: { body: JsonObject }) => itemsOf(list).map(({ id }) => id)

describe('fleets, keys and people by the operator API, over HTTP and PostgreSQL', () => {
  it('changes a fleet, and its devices hear of it', async () => {
    const fleet = await world.fleetWith({ rateLimits: { devicePerMinute: 900, fleetPerMinute: 900 } })
    const one = await world.device(fleet)
    const path = `/fleets/${fleet.fleetId}`
    const before = (await call('GET', path)).body
    const origin = 'https://app.example.org'
    const settings = { intervalMs: 5_000, minAppVersion: '1.2', allowedOrigins: [origin] }
    const name = `renamed ${newUuid()}`
    const changed = await call('PATCH', path, { name, settings })
    const configVersion = (before['configVersion'] as number) + 1
    expect(changed).toMatchObject({ status: 200, body: { id: fleet.fleetId, name, configVersion } })
    expect(changed.body['settings']).toEqual({ ...(before['settings'] as JsonObject), ...settings })
    expect((await call('GET', path)).body).toEqual(changed.body)

    const config = await one.send('GET', '/api/v1/config', { headers: { origin } })
    expect(config.headers.get('tidemark-config')).toBe(String(configVersion))
    expect(config.headers.get('access-control-allow-origin')).toBe(origin)
    expect(await bodyOf(config)).toMatchObject({ minAppVersion: '1.2', sync: { intervalMs: 5_000 } })
    const old = await one.send('GET', '/api/v1/config', { headers: { 'tidemark-app': '1.1;ios' } })
    expect(old.status).toBe(426)
  })

  it('leaves a fleet’s version alone, and its devices, where a change changes nothing', async () => {
    const { fleetId } = await world.fleetWith({ thresholds: { lagWarnMs: 7_000 } })
    const path = `/fleets/${fleetId}`
    const before = (await call('GET', path)).body
    const same = { name: before['name'], settings: { intervalMs: 60_000, thresholds: { lagWarnMs: 7_000 } } }
    const { configVersion } = before
    for (const body of [{}, { settings: {} }, same, { configVersion }])
      expect(await call('PATCH', path, body as JsonObject)).toEqual({ status: 200, body: before })
    expect((await call('GET', path)).body).toEqual(before)
    expect((await call('GET', `/audit?fleet=${fleetId}&action=fleet.change`)).body['items']).toEqual([])
  })

  it('refuses a change on another version, to a name in use, or of what there is not', async () => {
    const [fleet, other] = [await world.fleetWith({}), await world.fleetWith({})]
    const path = `/fleets/${fleet.fleetId}`
    const { name } = (await call('GET', `/fleets/${other.fleetId}`)).body
    const { configVersion } = (await call('GET', path)).body
    const codeOf = async (body: JsonObject, to = path) => {
      const answer = await call('PATCH', to, body)
      return [answer.status, answer.body['code']]
    }
    expect(await codeOf({ configVersion: 99, settings: {} })).toEqual([409, 'stale_version'])
    expect(await codeOf({ name: name as string })).toEqual([409, 'already_exists'])
    expect(await codeOf({ settings: { intervalMs: 1 } })).toEqual([400, 'bad_request'])
    expect(await codeOf({ epoch: 2 })).toEqual([400, 'bad_request'])
    expect(await codeOf({}, `/fleets/${newUuid()}`)).toEqual([404, 'not_found'])
    expect((await call('GET', path)).body['configVersion']).toBe(configVersion)
    const many = await Promise.all(
      [1, 2, 3].map((n) =>
        call('PATCH', path, { name: `${n} ${newUuid()}`, configVersion: configVersion as number }),
      ),
    )
    expect(many.map(({ status }) => status).sort()).toEqual([200, 409, 409])
  })

  it('thresholds are a fleet’s, and a collection’s before those: the limits follow, and come in order', async () => {
    const fleet = await world.fleetWith({})
    const { fleetId } = fleet
    const set = (thresholds: JsonObject) =>
      call('PATCH', `/fleets/${fleetId}`, { settings: { thresholds, intervalMs: 5_000 } })
    const limits = async () => (await call('GET', `/overview?fleet=${fleetId}`)).body['limits'] as JsonObject
    const refusal = ({ status, body }: { status: number; body: JsonObject }) => [status, body['errors']]
    expect(await limits()).toMatchObject({ lagWarnMs: 300_000, lagCriticalMs: 3_600_000 })
    const changed = await set({ lagWarnMs: 600_000, queueWarn: 7 })
    expect(changed.body['settings']).toMatchObject({ thresholds: { lagWarnMs: 600_000, queueWarn: 7 } })
    expect(await limits()).toMatchObject({ lagWarnMs: 600_000, lagCriticalMs: 3_600_000, queueWarn: 7 })
    const log = await call('GET', `/audit?fleet=${fleetId}&action=fleet.change`)
    expect(itemsOf(log)[0]).toMatchObject({
      before: { settings: expect.not.objectContaining({ thresholds: expect.anything() }) },
      after: { settings: { thresholds: { lagWarnMs: 600_000, queueWarn: 7 } } },
    })

    const late = 'must be at most lagCriticalMs, which is 500000'
    expect(refusal(await set({ lagCriticalMs: 500_000 }))).toEqual([
      400,
      [{ path: '/settings/thresholds/lagWarnMs', message: late }],
    ])
    expect(refusal(await set({ oldestWarnMs: 60 }))).toEqual([
      400,
      [{ path: '/settings/thresholds/oldestWarnMs', message: 'must be a second (1000) at least' }],
    ])
    const made = { fleet: fleetId, name: 'slow', strategy: 'lww', schema: true }
    expect(
      refusal(await call('POST', '/collections', { ...made, thresholds: { lagCriticalMs: 500_000 } })),
    ).toEqual([400, [{ path: '/thresholds/lagWarnMs', message: late }]])
    const slow = await call('POST', '/collections', { ...made, thresholds: { lagWarnMs: 2_000_000 } })
    expect(slow.body['thresholds']).toEqual({ lagWarnMs: 2_000_000 })
    expect(refusal(await set({ lagCriticalMs: 900_000 }))).toEqual([
      400,
      [
        {
          path: '/settings/thresholds/lagWarnMs',
          message:
            'with what collection slow has of its own, it must be at most lagCriticalMs, which is 900000',
        },
      ],
    ])
    const own = await call('PATCH', `/collections/${slow.body['id'] as string}`, {
      version: 1,
      thresholds: { lagWarnMs: null, queueWarn: 3 },
    })
    expect(own.body['thresholds']).toEqual({ queueWarn: 3 })
    expect((await set({ lagCriticalMs: 900_000, queueWarn: null })).body['settings']).toMatchObject({
      thresholds: { lagWarnMs: 600_000, lagCriticalMs: 900_000 },
    })
    expect(await limits()).toMatchObject({ lagCriticalMs: 900_000, queueWarn: 100 })
  })

  it('how long sessions and events are kept is of the installation: by its administrators, audited', async () => {
    const set = (body: JsonObject) => call('PATCH', '/retention', body)
    const { body: before } = await call('GET', '/retention')
    expect(before).toEqual({ sessionsDays: 90, eventsDays: 35, version: 0 })
    expect(await set({ sessionsDays: 30 })).toEqual({
      status: 200,
      body: { sessionsDays: 30, eventsDays: 35, version: 1 },
    })
    expect((await set({ sessionsDays: 30 })).body['version']).toBe(1)
    expect(await set({ eventsDays: 60, version: 0 })).toMatchObject({ status: 409, body: { version: 1 } })
    for (const refused of [{ sessionsDays: 1 }, { eventsDays: 401 }, { minutesDays: 3 }])
      expect((await set(refused)).status).toBe(400)
    expect((await call('GET', '/retention')).body).toMatchObject({ sessionsDays: 30, version: 1 })
    const [told] = itemsOf(await call('GET', '/audit?action=retention.change'))
    expect(told).toMatchObject({ before: { sessionsDays: 90 }, after: { sessionsDays: 30, eventsDays: 35 } })
    const viewer = await world.admin('PATCH', '/retention', { sessionsDays: 9 }, 'viewer')
    expect(viewer.status).toBe(403)
    await set({ sessionsDays: 90 })
  })

  it('renames and revokes an enrollment key: nobody enrolls by it, its devices stay', async () => {
    const fleet: TestFleet = await world.fleetWith({})
    const one = await world.device(fleet)
    const list = `/enrollment-keys?fleet=${fleet.fleetId}`
    const [key] = itemsOf(await call('GET', list))
    const path = `/enrollment-keys/${key?.['id'] as string}`
    expect(await call('PATCH', path, { name: 'shop 7' })).toMatchObject({
      status: 200,
      body: { name: 'shop 7' },
    })
    const revoked = await call('DELETE', path, { reason: 'it was on a poster' })
    expect(revoked).toMatchObject({ status: 200, body: { name: 'shop 7', revokedAtMs: expect.any(Number) } })
    expect(await call('DELETE', path)).toEqual(revoked)
    expect(itemsOf(await call('GET', list))).toEqual([revoked.body])
    const body = { requestId: newUuid(), device: { name: 'n', platform: 'ios', appVersion: '1.2.0' } }
    const enrolled = await send(world.app, 'POST', '/api/v1/enroll', { token: fleet.key, body })
    expect([enrolled.status, (await bodyOf(enrolled))['code']]).toEqual([401, 'unauthorized'])
    expect((await one.send('GET', '/api/v1/config')).status).toBe(200)
  })

  it('an enrollment key ends at its time', async () => {
    const fleet = await world.fleetWith({})
    const [key] = itemsOf(await call('GET', `/enrollment-keys?fleet=${fleet.fleetId}`))
    await call('PATCH', `/enrollment-keys/${key?.['id'] as string}`, { expiresAtMs: Date.now() - 1 })
    await expect(world.device(fleet)).rejects.toThrow('401')
  })

  it('changes and revokes an API key, from its next request on', async () => {
    const made = (
      await call('POST', '/api-keys', { name: 'board', role: 'viewer', fleet: world.fleet.fleetId })
    ).body
    const path = `/api-keys/${made['id'] as string}`
    const headers = { authorization: `Bearer ${made['key'] as string}` }
    const listed = () => fetch(`${world.url}/api/admin/v1/enrollment-keys`, { headers })
    expect((await listed()).status).toBe(403)
    expect(await call('PATCH', path, { role: 'admin' })).toMatchObject({
      status: 200,
      body: { role: 'admin' },
    })
    expect((await listed()).status).toBe(200)
    const revoked = await call('DELETE', path)
    expect([revoked.status, 'hash' in revoked.body]).toEqual([200, false])
    expect((await listed()).status).toBe(401)
    expect((await call('DELETE', `/api-keys/${newUuid()}`)).status).toBe(404)
  })

  it('removes a person, whose e-mail is free again; never the last administrator', async () => {
    const email = `${newUuid()}@example.org`
    const { id } = (await call('POST', '/users', { email, role: 'admin' })).body
    const path = `/users/${id as string}`
    expect(await call('DELETE', path)).toMatchObject({
      status: 400,
      body: { detail: 'This is the last administrator' },
    })
    await call('POST', '/users', { email: `${newUuid()}@example.org`, role: 'admin' })
    expect(await call('DELETE', path)).toMatchObject({ status: 200, body: { disabled: true, roles: {} } })
    expect((await call('DELETE', path)).status).toBe(404)
    expect(idsOf(await call('GET', '/users'))).not.toContain(id)
    const back = await call('POST', '/users', { email, role: 'viewer', name: 'Ada' })
    expect(back).toMatchObject({
      status: 201,
      body: { id, name: 'Ada', disabled: false, roles: { '*': 'viewer' } },
    })
    expect(idsOf(await call('GET', '/users'))).toContain(id)
  })
})

describe('a fleet that is removed, over HTTP and PostgreSQL', () => {
  it('takes its name and a reason, from an administrator of every fleet, once its devices are revoked', async () => {
    const fleet = await world.fleetWith({})
    const one = await world.device(fleet)
    const path = `/fleets/${fleet.fleetId}`
    const { name } = (await call('GET', path)).body
    const reason = 'the pilot is over'
    const key = await call('POST', '/api-keys', { name: 'own', role: 'admin', fleet: fleet.fleetId })
    const own = await deleteBy(key.body['key'] as string, path, { name, reason } as JsonObject)
    const refused = [
      own,
      (await call('DELETE', path, { name: 'other', reason })).status,
      (await call('DELETE', path, { name } as JsonObject)).status,
      (await call('DELETE', path, { name, reason } as JsonObject)).status,
    ]
    expect(refused).toEqual([403, 400, 400, 409])
    await call('POST', `/devices/${one.id}/commands`, { type: 'revoke', reason, fleet: fleet.fleetId })
    expect(await call('DELETE', path, { name, reason } as JsonObject)).toEqual({
      status: 200,
      body: { id: fleet.fleetId, name },
    })
    expect((await call('DELETE', path, { name, reason } as JsonObject)).status).toBe(404)
    expect((await one.send('GET', '/api/v1/config')).status).toBe(401)
    expect(await deleteBy(key.body['key'] as string, path, {})).toBe(401)
    const log = await call('GET', '/audit?action=fleet.remove')
    expect(itemsOf(log)).toMatchObject([{ target: fleet.fleetId, reason, before: { name } }])
  })
})

const deleteBy = async (key: string, path: string, body: JsonObject): Promise<number> => {
  const answer = await fetch(`${world.url}/api/admin/v1${path}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return answer.status
}

describe('lists of the operator API, over HTTP and PostgreSQL', () => {
  it.each(['fleets', 'collections', 'enrollment-keys', 'api-keys', 'users'])(
    '%s: page after page, by time and by fleet, and nothing that it does not know',
    async (name) => {
      const fleet = await world.fleetWith({})
      const query = `fleet=${fleet.fleetId}`
      await call('POST', '/api-keys', { name: 'k', role: 'viewer', fleet: fleet.fleetId })
      await call('POST', '/users', {
        email: `${newUuid()}@example.org`,
        role: 'viewer',
        fleet: fleet.fleetId,
      })
      const mine = await call('GET', `/${name}?${query}`)
      expect([mine.status, itemsOf(mine).length, mine.body['total']]).toEqual([200, 1, 1])
      const made = itemsOf(mine)[0]?.['createdAtMs'] as number
      const at = async (range: string) => idsOf(await call('GET', `/${name}?${query}&${range}`)).length
      const found = [await at(`from=${made}`), await at(`from=${made + 1}`), await at(`to=${made}`)]
      expect([...found, await at(`to=${made + 1}`)]).toEqual([1, 0, 0, 1])
      for (const bad of ['limit=0', 'limit=x', 'cursor=x', 'colour=red', 'from=never'])
        expect((await call('GET', `/${name}?${query}&${bad}`)).status, bad).toBe(400)

      const scope = name === 'collections' || name === 'enrollment-keys' ? `&${query}` : ''
      for (const n of [1, 2]) {
        await call('POST', '/collections', {
          fleet: fleet.fleetId,
          name: `c${n}`,
          strategy: 'lww',
          schema: true,
        })
        await call('POST', '/enrollment-keys', { fleet: fleet.fleetId, name: `k${n}` })
        await world.fleetWith({})
        await call('POST', '/users', { email: `${newUuid()}@example.org`, role: 'viewer' })
      }
      const all = idsOf(await call('GET', `/${name}?limit=500${scope}`))
      expect(all.length).toBeGreaterThanOrEqual(3)
      const seen: unknown[] = []
      let cursor: unknown = ''
      while (cursor !== null) {
        const page = await call(
          'GET',
          `/${name}?limit=2${scope}${cursor === '' ? '' : `&cursor=${String(cursor)}`}`,
        )
        expect(page.body['total']).toBe(all.length)
        seen.push(...idsOf(page))
        cursor = page.body['nextCursor']
      }
      expect(seen).toEqual(all)
    },
  )

  it('dead letters, devices, conflicts and the log: by time, page after page', async () => {
    const { fleetId } = device
    const bad = () => device.mutation({ op: { type: 'put', data: { title: 7 } } })
    for (let n = 0; n < 3; n++) await device.pushed([bad()])
    await world.device()
    for (const [name, time] of [
      ['dead-letters', 'createdAtMs'],
      ['devices', 'lastContactMs'],
      ['audit', 'atMs'],
    ] as const) {
      const all = itemsOf(await call('GET', `/${name}?fleet=${fleetId}&limit=500`))
      expect(all.length, name).toBeGreaterThanOrEqual(2)
      const times = all.map((item) => item[time] as number)
      expect(times).toEqual(times.toSorted((a, b) => b - a))
      const [from, to] = [times.at(-1) as number, times[0] as number]
      const within = async (query: string) =>
        idsOf(await call('GET', `/${name}?fleet=${fleetId}&limit=500&${query}`))
      const ids = all.map(({ id }) => id)
      const older = ids.filter((_, i) => (times[i] as number) < to)
      expect(await within(`to=${to}`), name).toEqual(older)
      expect(await within(`from=${new Date(from).toISOString()}`), name).toEqual(ids)
      expect(await within(`from=${to + 1}`), name).toEqual([])
      const seen: unknown[] = []
      let cursor: unknown = ''
      while (cursor !== null) {
        const after = cursor === '' ? '' : `&cursor=${String(cursor)}`
        const page = await call('GET', `/${name}?fleet=${fleetId}&limit=1&to=${to}&from=${from}${after}`)
        seen.push(...idsOf(page))
        cursor = page.body['nextCursor']
      }
      expect(seen, name).toEqual(older)
    }
    expect((await call('GET', `/conflicts?fleet=${fleetId}&from=1&to=${Date.now()}`)).status).toBe(200)
  })

  it('a cursor that no page gave is told of, whatever it holds', async () => {
    const { fleetId } = device
    const lists = ['sessions', 'dead-letters', 'conflicts', 'audit'] as const
    for (const name of [...lists, 'devices']) {
      const codeOf = async (text: string) => {
        const cursor = Buffer.from(text).toString('base64url')
        return (await call('GET', `/${name}?fleet=${fleetId}&cursor=${cursor}`)).status
      }
      const times = [-999_999_999_999_999, 999_999_999_999_999].map((atMs) => `${atMs}/${fleetId}`)
      for (const place of ['1/abc', `1/${fleetId}0`, 'x', ...times])
        expect([name, place, await codeOf(place)]).toEqual([name, place, 400])
      const places = [`1/${fleetId}`, `-1/${fleetId}`]
      const own = [-1, Number.MAX_SAFE_INTEGER].map((at) => JSON.stringify(['contact', at, fleetId]))
      for (const place of name === 'devices' ? own : places)
        expect([name, place, await codeOf(place)]).toEqual([name, place, 200])
      const others = [
        ['name', 5],
        ['contact', 'x'],
        ['contact', 1e300],
        ['name', 'x'],
      ].map((at) => JSON.stringify([...at, fleetId]))
      for (const place of name === 'devices' ? others : [])
        expect([name, place, await codeOf(place)]).toEqual([name, place, 400])
    }
  })

  it('letters of different rules are different causes', async () => {
    const rules = [
      { id: 'few', cel: 'new.count < 10', message: 'too many' },
      { id: 'named', cel: 'new.title != ""', message: 'no title' },
    ]
    const { fleetId } = device
    const body = { fleet: fleetId, name: 'ruled', strategy: 'lww', schema: true, rules }
    expect((await call('POST', '/collections', body)).status).toBe(201)
    const ruled = (data: object) =>
      device.mutation({ collection: 'ruled', op: { type: 'put', data } as never })
    await device.pushed([ruled({ title: 'a', count: 11 }), ruled({ title: '', count: 1 })])
    for (const rule of ['few', 'named'])
      expect(itemsOf(await call('GET', `/dead-letters?fleet=${fleetId}&q=rule:${rule}`))).toMatchObject([
        { code: 'rule_violation', path: rule },
      ])
    await device.pushed([ruled({ title: '', count: 1 })])
    const groups = `/dead-letters/groups?fleet=${fleetId}`
    const all = await call('GET', groups)
    const ofRules = itemsOf(all).filter(({ code }) => code === 'rule_violation')
    expect(ofRules).toMatchObject([
      { place: 'named', count: 2, devices: 1, collection: 'ruled' },
      { place: 'few', count: 1, devices: 1, collection: 'ruled' },
    ])
    const letters = itemsOf(all).reduce((sum, { count }) => sum + (count as number), 0)
    expect(all.body['totals']).toEqual({ groups: itemsOf(all).length, letters })
    const seen: JsonObject[] = []
    for (let cursor: unknown = ''; cursor !== null;) {
      const page = await call('GET', `${groups}&limit=1${cursor === '' ? '' : `&cursor=${cursor as string}`}`)
      seen.push(...itemsOf(page))
      cursor = page.body['nextCursor']
    }
    expect(seen).toEqual(itemsOf(all))
    expect(itemsOf(await call('GET', `${groups}&from=${Date.now() + 60_000}`))).toEqual([])
    expect((await call('GET', `${groups}&cursor=x`)).status).toBe(400)
  })
})

describe('lists by filter, over HTTP and PostgreSQL', () => {
  it('counts facets, pages in an order, and exports what the list has', async () => {
    const { fleetId } = await world.fleetWith({})
    const fleet = { ...world.fleet, fleetId }
    const q = (text: string) => `fleet=${fleetId}&q=${encodeURIComponent(text)}`
    const none = await call('GET', `/sessions/facets?${q('result:failed')}`)
    expect(none.body).toMatchObject({ matching: 0, capped: false })
    expect((await call('GET', `/sessions/facets?${q('colour:red')}`)).status).toBe(400)

    const all = await call('GET', `/devices?fleet=${world.fleet.fleetId}&sort=name&limit=1`)
    const own = `fleet=${world.fleet.fleetId}`
    const facets = await call('GET', `/devices/facets?${own}`)
    const { facets: counted, matching } = facets.body as unknown as {
      facets: { key: string; values: { value: string; count: number }[] }[]
      matching: number
    }
    expect(matching).toBeGreaterThan(0)
    const platforms = counted.find(({ key }) => key === 'platform')?.values ?? []
    expect(platforms.reduce((sum, { count }) => sum + count, 0)).toBe(matching)
    const cursor = all.body['nextCursor']
    if (typeof cursor === 'string')
      expect((await call('GET', `/devices?${own}&sort=queue&cursor=${cursor}`)).status).toBe(400)

    const csv = await world.admin('GET', `/devices/export?${own}`, undefined, 'admin')
    expect(csv.headers.get('content-type')).toMatch(/^text\/csv/)
    const lines = (await csv.text()).trimEnd().split('\r\n')
    expect(lines[0]).toMatch(/^deviceId,name,status,state,/)
    expect(lines).toHaveLength(matching + 1)
    const path = `/sessions/export?fleet=${fleet.fleetId}&format=ndjson`
    const ndjson = await world.admin('GET', path, undefined, 'admin')
    expect(await ndjson.text()).toBe('{"complete":true,"rows":0}\n')
    for (const bad of ['format=xlsx', 'q=colour:red', 'cursor=x', 'limit=10', 'colour=red'])
      expect([
        bad,
        (await world.admin('GET', `/sessions/export?${own}&${bad}`, undefined, 'admin')).status,
      ]).toEqual([bad, 400])
  })

  it.each(['collection', 'platform', 'appVersion', 'source'])(
    'a pillar takes the name of one %s, and not what the rollups call all of them',
    async (part) => {
      const pillar = (name: string) =>
        call('GET', `/pillars/lag?fleet=${world.fleet.fleetId}&${part}=${name}`)
      expect((await pillar('reports')).status).toBe(200)
      const refused = await pillar('*')
      expect(refused.status).toBe(400)
      expect(refused.body).toMatchObject({ errors: [{ path: `/${part}` }] })
    },
  )
})
