import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '#lib/kernel/json.ts'
import { DIRECTORY_FRESH_MS } from '#lib/application/devices/directory.ts'
import type { Asked } from '#tests/support/authority-server.ts'
import { AuthorityServer, isSignedBy } from '#tests/support/authority-server.ts'
import { bodyOf, NOTES_SCHEMA, TestDevice, testApp } from '#tests/support/device-world.ts'
import { jsonBody, operatorWorld, type OperatorWorld } from '#tests/support/operator-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

describe.each(STORAGES)('rules of collections over $name', ({ open }) => {
  let held: TestStorage
  let world: OperatorWorld
  let key: { authorization: string }
  beforeEach(async () => {
    held = await open()
    world = await operatorWorld(held.storage)
    key = await world.keyFor('admin')
  })
  afterEach(() => held.close())

  const send = async (method: 'POST' | 'PATCH', path: string, body: JsonObject) => {
    const response = await world.admin(path, jsonBody(method, { fleet: world.fleet, ...body }, key))
    return { status: response.status, body: await bodyOf(response) }
  }
  const make = (body: JsonObject = {}) =>
    send('POST', '/collections', { name: 'notes', strategy: 'field-merge', schema: NOTES_SCHEMA, ...body })
  const rules = [{ id: 'short', cel: 'size(new.title) < 9', message: 'a title has at most 8 letters' }]
  const placesOf = ({ body }: { body: JsonObject }) =>
    (body['errors'] as { path: string; message: string }[]).map(({ path }) => path)
  const device = async () => {
    const made = await send('POST', '/enrollment-keys', { name: 'tablets' })
    const app = testApp(held.storage)
    return TestDevice.enroll(app, { fleetId: world.fleet, key: made.body['key'] as string })
  }

  test('[BL1] rules are published, told to devices, and hold for what they push', async () => {
    const made = await make({ rules })
    expect([made.status, made.body['rules'], made.body['upMigrations'], made.body['authority']]).toEqual([
      201,
      rules,
      [],
      null,
    ])
    const tablet = await device()
    const config = await bodyOf(await tablet.send('GET', '/api/v1/config'))
    expect(config['collections']).toMatchObject([{ name: 'notes', rules, upMigrations: [] }])
    const long = tablet.mutation({ op: { type: 'put', data: { title: 'much too long' } } })
    const fine = tablet.mutation()
    const { results } = await tablet.pushed([long, fine])
    expect(results).toMatchObject([
      {
        status: 'dead_lettered',
        code: 'rule_violation',
        detail: 'rule short: a title has at most 8 letters',
      },
      { status: 'applied' },
    ])
    const { deadLetterId } = results[0] as { deadLetterId: string }
    expect(await held.storage.deadLetters.get(world.fleet, deadLetterId)).toMatchObject({ path: 'short' })
    const atomic = await tablet.push(tablet.pushBody([{ ...long, id: fine.recordId }], { atomic: true }))
    expect(atomic.status).toBe(409)
    const id = (results[0] as { deadLetterId: string }).deadLetterId
    const changed = await send('PATCH', `/collections/${String(made.body['id'])}`, { version: 1, rules: [] })
    expect([changed.status, changed.body['schemaVersion'], changed.body['rules']]).toEqual([200, 1, []])
    const replayed = await send('POST', `/dead-letters/${id}/replay`, { reason: 'the rule is gone' })
    expect(replayed.body['result']).toMatchObject({ status: 'applied' })
  })

  test('[BL2] what cannot be published is 422 with its places, and changes nothing', async () => {
    const bad = await make({
      rules: [...rules, { id: 'x', cel: 'new.', message: 'no' }],
      upMigrations: [{ from: 1, to: 2, ops: [{ op: 'remove', path: '/a' }] }],
    })
    expect([bad.status, bad.body['code'], placesOf(bad)]).toEqual([
      422,
      'rules_refused',
      ['/rules/1/cel', '/upMigrations/0/to'],
    ])
    const shapeless = await make({ upMigrations: [{ from: 1, to: 2, ops: [{ op: 'move', path: '/a' }] }] })
    expect([shapeless.status, placesOf(shapeless)]).toEqual([400, ['/upMigrations/0/ops/0/op']])
    const extra = await make({ rules: [{ ...rules[0], when: 'always' }] as unknown as JsonObject[] })
    expect([extra.status, extra.body['code']]).toEqual([400, 'bad_request'])
    expect((await make()).status).toBe(201)
  })

  test('[DL5] a schema is published with its up-migrations; older documents and patches run through them', async () => {
    const made = await make()
    const tablet = await device()
    const old = tablet.mutation({ op: { type: 'put', data: { title: 'first', count: 1 } } })
    await tablet.pushed([old])
    const schema = {
      type: 'object',
      required: ['name'],
      additionalProperties: false,
      properties: { name: { type: 'string' }, count: { type: 'integer' } },
    }
    const upMigrations = [{ from: 1, to: 2, ops: [{ op: 'rename', path: '/title', to: '/name' }] }]
    const change = { version: 1, schema, upMigrations }
    const published = await send('PATCH', `/collections/${String(made.body['id'])}`, change)
    expect([published.status, published.body['schemaVersion']]).toEqual([200, 2])
    const { recordId } = old
    const patch = { type: 'patch', set: { title: 'second' } } as const
    const { results } = await tablet.pushed([
      tablet.mutation({ recordId, baseVersion: 1, op: patch }),
      tablet.mutation({ op: { type: 'put', data: { title: 'other' } } }),
    ])
    expect(results).toMatchObject([{ status: 'applied' }, { status: 'applied' }])
    expect((await tablet.pulled()).changes.map(({ data, schemaVersion }) => [data, schemaVersion])).toEqual([
      [{ name: 'second', count: 1 }, 2],
      [{ name: 'other' }, 2],
    ])
    const config = await bodyOf(await tablet.send('GET', '/api/v1/config'))
    expect(config['collections']).toMatchObject([{ schemaVersion: 2, upMigrations }])
    const bad = tablet.mutation({ op: { type: 'put', data: { title: 7 } } })
    const { deadLetterId } = (await tablet.pushed([bad])).results[0] as { deadLetterId: string }
    const letter = await bodyOf(
      await world.admin(`/dead-letters/${deadLetterId}?fleet=${world.fleet}`, { headers: key }),
    )
    expect(letter).toMatchObject({
      op: { type: 'put', data: { name: 7 } },
      letter: { mutation: { op: bad.op } },
    })
  })

  test('a change that changes nothing makes no version, of the collection or of what devices read', async () => {
    const authority = await AuthorityServer.open()
    const made = await make({ rules, authority: { url: authority.url }, thresholds: { queueWarn: 7 } })
    const path = `/collections/${String(made.body['id'])}`
    const read = async () => bodyOf(await world.admin(`${path}?fleet=${world.fleet}`, { headers: key }))
    const before = await read()
    const { configVersion } = (await held.storage.fleets.get(world.fleet)) ?? {}
    const same = { strategy: 'field-merge', schema: NOTES_SCHEMA, rules, thresholds: { queueWarn: 7 } }
    for (const body of [{}, same, { authority: { url: authority.url, timeoutMs: 3_000 } }]) {
      const { status, body: answer } = await send('PATCH', path, { version: 1, ...body })
      expect([status, answer]).toEqual([200, before])
    }
    expect(await read()).toEqual(before)
    expect((await held.storage.fleets.get(world.fleet))?.configVersion).toBe(configVersion)
    expect((await send('PATCH', path, { version: 9 })).status).toBe(409)
    const rotated = await send('PATCH', path, {
      version: 1,
      authority: { url: authority.url, rotateSecret: true },
    })
    expect([rotated.body['version'], typeof rotated.body['authoritySecret']]).toEqual([2, 'string'])
    await authority.close()
  })

  test('[AU3] an authority is told its key once; an address that must not be called is refused', async () => {
    const authority = await AuthorityServer.open()
    for (const url of [
      'https://10.0.0.1/',
      'http://169.254.169.254/',
      'https://localhost/',
      'file:///etc/passwd',
    ]) {
      const refused = await make({ authority: { url } })
      expect([url, refused.status, placesOf(refused)]).toEqual([url, 400, ['/authority/url']])
    }
    const made = await make({ authority: { url: authority.url } })
    expect(made.body['authority']).toEqual({ url: authority.url, timeoutMs: 3_000 })
    const secret = made.body['authoritySecret'] as string
    const path = `/collections/${String(made.body['id'])}`
    const read = await bodyOf(await world.admin(`${path}?fleet=${world.fleet}`, { headers: key }))
    expect([read['authority'], 'authoritySecret' in read]).toEqual([made.body['authority'], false])
    const tablet = await device()
    await tablet.pushed([tablet.mutation()])
    expect(isSignedBy(secret, authority.asked[0] as Asked)).toBe(true)
    const kept = await send('PATCH', path, { version: 1, authority: { url: authority.url, timeoutMs: 500 } })
    expect('authoritySecret' in kept.body).toBe(false)
    const rotated = await send('PATCH', path, {
      version: 2,
      authority: { url: authority.url, rotateSecret: true },
    })
    expect(rotated.body['authoritySecret']).not.toBe(secret)
    await tablet.pushed([tablet.mutation()])
    // The other process may have asked under the old key; what was written is what the new one confirmed.
    const last = authority.asked.at(-1) as Asked
    expect(isSignedBy(secret, last)).toBe(false)
    expect(isSignedBy(rotated.body['authoritySecret'] as string, last)).toBe(true)
    const asked = authority.asked.length
    expect((await send('PATCH', path, { version: 3, authority: null })).body['authority']).toBeNull()
    await new Promise((resolve) => setTimeout(resolve, DIRECTORY_FRESH_MS))
    expect((await tablet.pushed([tablet.mutation()])).results).toMatchObject([{ status: 'applied' }])
    expect(authority.asked).toHaveLength(asked)
    await authority.close()
  })

  test('[DL3] the operator’s routes discard, restore and edit, name what goes along, and ask for a reason', async () => {
    await make()
    const tablet = await device()
    const parent = tablet.mutation({ op: { type: 'put', data: { title: 7 } } })
    const child = tablet.mutation({
      recordId: parent.recordId,
      after: parent.id,
      op: { type: 'patch', set: { count: 2 } },
    })
    const { results } = await tablet.pushed([parent, child])
    const [id, childId] = results.map((result) => (result as { deadLetterId: string }).deadLetterId)
    const path = `/dead-letters/${id}`
    for (const verb of ['discard', 'restore', 'edit'])
      expect((await send('POST', `${path}/${verb}`, {})).status).toBe(400)
    const reason = 'seen with the team'
    expect((await send('POST', `${path}/discard`, { reason })).body).toMatchObject({
      id,
      status: 'discarded',
      held: [childId],
    })
    expect((await send('POST', `${path}/restore`, { reason })).body).toMatchObject({
      status: 'open',
      held: [childId],
    })
    const twice = await send('POST', `${path}/restore`, { reason })
    expect([twice.status, twice.body['code']]).toEqual([409, 'not_restorable'])
    const op = JSON.parse('{"type":"put","data":{"title":"seven","__proto__":{"x":1}}}') as JsonObject
    const edited = await send('POST', `${path}/edit`, { reason, op })
    expect(edited.body).toMatchObject({
      result: { status: 'applied' },
      held: [{ id: child.id, status: 'applied' }],
    })
    const [change] = (await tablet.pulled()).changes
    expect(JSON.stringify(change?.data)).toBe('{"title":"seven","__proto__":{"x":1},"count":2}')
    const closed = await send('POST', `${path}/edit`, { reason, op })
    expect([closed.status, closed.body['code']]).toEqual([409, 'not_replayable'])
  })
})
