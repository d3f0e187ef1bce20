import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHECKED_MAX, checkPublication } from '#lib/application/collections/check-publication.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
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

const call = async (method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown, role: Role = 'admin') => {
  const answer = await world.admin(method, path, body, role)
  return { status: answer.status, body: await bodyOf(answer) }
}
const schemaOf = (speed: object, ...required: string[]): JsonObject =>
  ({ type: 'object', required, properties: { speed, name: { type: 'string' } } }) as JsonObject
const V1 = schemaOf({ type: 'integer' })

/** A collection with three records, one of them patched since, and a dead letter. */
async function collectionInUse() {
  const fleet = await world.fleetWith({})
  const made = await call('POST', '/collections', {
    fleet: fleet.fleetId,
    name: 'readings',
    strategy: 'lww',
    schema: V1,
  })
  const device = await world.device(fleet)
  const change = (op: object, recordId?: string, baseVersion = 0) =>
    device.mutation({ collection: 'readings', op, baseVersion, ...(recordId && { recordId }) } as never)
  const put = (data: object) => change({ type: 'put', data })
  const [fast, slow, named] = [put({ speed: 90 }), put({ speed: 4 }), put({ speed: 7, name: 'x' })]
  await device.pushed([fast, slow, named])
  await device.pushed([change({ type: 'patch', set: { speed: 95 } }, fast.recordId, 1)])
  await device.pushed([put({ speed: '' })])
  const id = made.body['id'] as string
  const check = (body: object, role: Role = 'admin') => call('POST', `/collections/${id}/check`, body, role)
  return { ...fleet, id, check, device, fast, slow, put }
}

describe('what a publication would refuse, over HTTP and PostgreSQL', () => {
  it('is told of records, of documents sent and of dead letters, with the place and one of each; nothing is written', async () => {
    const { check, id, fast, slow } = await collectionInUse()
    const before = (await call('GET', `/collections/${id}`)).body
    const strict = await check({ schema: schemaOf({ type: 'integer', maximum: 50 }, 'name') })
    expect(strict.status).toBe(200)
    expect(strict.body).toMatchObject({
      schemaVersion: 2,
      records: { checked: 3, refused: 2, more: false },
      changes: { checked: 3, refused: 2, more: false },
      letters: { checked: 1, refused: 1, more: false },
    })
    const reasons = (strict.body['records'] as JsonObject)['reasons'] as JsonObject[]
    // Of several that one document meets, the first is the one to show.
    expect(reasons.map(({ path, count }) => [path, count])).toEqual([['', 2]])
    expect([fast.recordId, slow.recordId]).toContain(reasons[0]?.['example'])

    const bounded = await check({ schema: schemaOf({ type: ['integer', 'string'], maximum: 50 }) })
    expect(bounded.body).toMatchObject({
      records: { refused: 1, reasons: [{ path: '/speed', count: 1, example: fast.recordId }] },
      changes: { refused: 1, reasons: [{ path: '/speed', example: fast.id }] },
      letters: { checked: 1, refused: 0 },
    })
    expect((await call('GET', `/collections/${id}`)).body).toEqual(before)

    // Two that are too large by other figures are one reason.
    const { body } = await check({ schema: schemaOf({ type: 'integer', maximum: 3 }) })
    const { reasons: alike } = body['records'] as JsonObject
    expect(alike).toMatchObject([
      { path: '/speed', count: 3, message: expect.stringMatching(/greater than 3/) },
    ])
  })

  it('goes by the up-migration: what it brings in order is not refused, and where it fails that is said', async () => {
    const { check } = await collectionInUse()
    const schema = schemaOf({ type: 'integer' }, 'name')
    const ops = [{ op: 'default', path: '/name', value: 'unknown' }]
    const migrated = await check({ schema, upMigrations: [{ from: 1, to: 2, ops }] })
    expect(migrated.body).toMatchObject({
      records: { checked: 3, refused: 0, reasons: [] },
      changes: { checked: 3, refused: 0 },
    })
    const failing = [{ op: 'cel', path: '/speed', cel: '1 / (value - 4)' }]
    const failed = await check({ schema, upMigrations: [{ from: 1, to: 2, ops: [...failing, ...ops] }] })
    expect((failed.body['records'] as JsonObject)['reasons']).toContainEqual({
      path: '',
      message: expect.stringContaining('up-migration 1 to 2'),
      count: 1,
      example: expect.any(String),
    })
  })

  it('judges rules as if each record were written again, and refuses what could not be published', async () => {
    const { check } = await collectionInUse()
    const rules = [{ id: 'slow', cel: 'new.speed < 50', message: 'too fast' }]
    expect((await check({ rules })).body).toMatchObject({
      schemaVersion: 1,
      records: { refused: 1, reasons: [{ path: 'slow' }] },
    })
    const refused = async (body: object, role?: Role) => {
      const { status, body: said } = await check(body, role)
      return [status, said['code']]
    }
    expect(await refused({ schema: { type: 'nothing' } })).toEqual([422, 'schema_refused'])
    expect(await refused({ rules: [{ id: 'x', cel: 'new.', message: 'm' }] })).toEqual([422, 'rules_refused'])
    expect(await refused({ colour: 'red' })).toEqual([400, 'bad_request'])
    expect(await refused({}, 'operator')).toEqual([403, 'forbidden'])
  })

  it('a reason that a publication is given stands in the audit log', async () => {
    const { id, fleetId } = await collectionInUse()
    const reason = 'the old app is gone'
    const changed = { version: 1, schema: schemaOf({ type: 'integer', maximum: 50 }), reason }
    expect((await call('PATCH', `/collections/${id}`, changed)).status).toBe(200)
    const log = await call('GET', `/audit?fleet=${fleetId}&action=collection.publish`)
    expect(log.body['items']).toMatchObject([{ reason }])
  })

  it('ends at its bound, and says so', async () => {
    const { id, fleetId, device, put } = await collectionInUse()
    for (let n = 0; n < CHECKED_MAX; n += 500)
      await device.pushed(Array.from({ length: 500 }, (_, i) => put({ speed: n + i })))
    const body = { schema: schemaOf({ type: 'integer', maximum: 50 }) }
    const found = await checkPublication(world.app.ctx, { actor: SYSTEM, fleetId, id, body })
    expect(found.records).toMatchObject({ checked: CHECKED_MAX, more: true })
    expect(found.changes).toMatchObject({ checked: CHECKED_MAX, more: true })
    // Out of time before anything was read: nothing is claimed.
    let nowMs = 0
    const clock = { now: () => (nowMs += 10_000) }
    const late = await checkPublication({ ...world.app.ctx, clock }, { actor: SYSTEM, fleetId, id, body })
    expect(late.records).toMatchObject({ checked: 0, refused: 0, more: true })
  })
})
