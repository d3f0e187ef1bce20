import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { holdsMask } from '#lib/protocol/mask.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { runOperation } from '#tests/support/operation-runs.ts'

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    place: { type: 'string' },
    age: { type: 'integer', maximum: 90 },
    reporter: { type: 'string', maxLength: 40 },
    crew: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
    speed: { type: 'integer' },
  },
}
/** Values that no answer may hold but that of `reveal`: too long to stand in an id or a time by chance. */
const SECRETS = ['Quincy Featherstone', 'Bartholomew', '71351713517135'] as const
const SECRET_DATA = {
  place: 'Dallas',
  reporter: SECRETS[0],
  crew: [{ name: SECRETS[1], seat: 4 }],
  age: Number(SECRETS[2]),
}

let world: DeviceHttp
let replica: Replica
beforeAll(async () => {
  world = await deviceHttp()
  await createCollection(world.app.ctx, {
    actor: SYSTEM,
    fleetId: world.fleet.fleetId,
    body: {
      name: 'strikes',
      strategy: 'field-merge',
      schema: SCHEMA,
      masked: ['/reporter', '/crew/*/name', '/age'],
    },
  })
})
afterAll(() => world.close())

const inFleet = (path: string): string =>
  `${path}${path.includes('?') ? '&' : '?'}fleet=${world.fleet.fleetId}`
const textOf = async (path: string): Promise<string> => {
  const answer = await world.admin('GET', inFleet(path), undefined, 'viewer')
  expect([path, answer.status]).toEqual([path, 200])
  return answer.text()
}
const post = (path: string, body: unknown, role: 'viewer' | 'operator' | 'admin' = 'operator') =>
  world.admin('POST', inFleet(path), body, role)
const jsonOf = async (answer: Response): Promise<JsonObject> => (await answer.json()) as JsonObject
const tells = (text: string): readonly string[] => SECRETS.filter((secret) => text.includes(secret))

interface Detail {
  readonly letter: { readonly status: string; readonly detail: string }
  readonly op: { readonly data: JsonObject }
  readonly base: JsonObject | null
  readonly device: JsonObject
  readonly masked: readonly string[]
  readonly history: readonly JsonObject[]
}
const detailOf = async (id: string): Promise<Detail> =>
  JSON.parse(await textOf(`/dead-letters/${id}`)) as Detail

/** A letter of a real device whose age is out of bounds, which the validator says with the age. */
async function letter(data: JsonObject = SECRET_DATA): Promise<string> {
  const known = new Set(replica.deadLetters$.get().map(({ deadLetterId }) => deadLetterId))
  await replica.collection('strikes').put(null, data, { validate: false })
  await replica.sync()
  const made = replica.deadLetters$.get().find(({ deadLetterId }) => !known.has(deadLetterId))
  if (made === undefined) throw new Error('it is a dead letter')
  return made.deadLetterId
}

describe('masked fields of dead letters, by a device over HTTP and PostgreSQL', () => {
  beforeEach(async () => {
    replica = await world.replica()
    await replica.sync()
    return () => replica.close()
  })

  it('[DL20] stand in no dry run, member or file of a bulk action', async () => {
    const id = await letter()
    const asked = { kind: 'replay', letters: [id] }
    const previewed = await post('/operations/preview', asked)
    expect(previewed.status).toBe(200)
    const preview = await previewed.text()
    expect(preview).toContain('still_dead')
    const made = await post('/operations', { ...asked, reason: 'to see what it tells' })
    const { id: operationId } = (await made.json()) as { id: string }
    expect((await post(`/operations/${operationId}/start`, {})).status).toBe(200)
    await runOperation(world.app.ctx, world.fleet.fleetId, operationId)
    const answers = [
      await textOf(`/operations/${operationId}/items`),
      await textOf(`/operations/${operationId}/export`),
    ]
    for (const answer of answers) expect(answer).toContain('schema_mismatch')
    expect([preview, ...answers].map(tells)).toEqual([[], [], []])
  })

  it('[check 38] [DL20] stand in no list, file, group, item, session or diagnosis, nor in what was said of them', async () => {
    const id = await letter()
    const { sessionId } = (JSON.parse(await textOf(`/dead-letters/${id}`)) as { letter: JsonObject }).letter
    const [{ id: group } = { id: '' }] = (
      JSON.parse(await textOf('/dead-letters/groups')) as { items: { id: string }[] }
    ).items
    const paths = [
      '/dead-letters',
      '/dead-letters/facets',
      '/dead-letters/export?format=csv',
      '/dead-letters/export?format=ndjson',
      '/dead-letters/groups',
      `/dead-letters/groups/${group}`,
      `/dead-letters/${id}`,
      `/sessions/${String(sessionId)}`,
      `/devices/${replica.deviceId}`,
      `/devices/${replica.deviceId}/diagnosis`,
    ]
    const told: string[] = []
    for (const path of paths)
      told.push(...tells(await textOf(path)).map((secret) => `${path} tells ${secret}`))
    expect(told.join('\n')).toBe('')
    const { device, letter: row, masked } = await detailOf(id)
    expect(device).toMatchObject({ place: 'Dallas', crew: [{ seat: 4 }] })
    expect(masked).toEqual(['/age', '/crew/0/name', '/reporter'])
    expect(row.detail).toMatch(/^‹masked [0-9a-f]{6}› is greater than 90/)
    const replayed = await post(`/dead-letters/${id}/replay`, { reason: 'as it is' })
    expect([replayed.status, tells(await replayed.text())]).toEqual([200, []])
    const discarded = await post(`/dead-letters/${id}/discard`, { reason: 'a test' })
    expect([discarded.status, tells(await discarded.text())]).toEqual([200, []])
  })

  it('[DL20] a mask is equal for equal values of one letter, and tells nothing between letters', async () => {
    const [one, two] = [await letter(), await letter()]
    const [a, b] = [(await detailOf(one)).device, (await detailOf(two)).device]
    const again = (await detailOf(one)).op.data
    expect(again).toEqual(a)
    expect([holdsMask(a['reporter']), a['reporter'] === b['reporter']]).toEqual([true, false])
  })

  it('[check 38] [DL21] reveal takes a role and a reason, answers the values once, and is in log and history', async () => {
    const id = await letter()
    expect((await post(`/dead-letters/${id}/reveal`, { reason: 'look' }, 'viewer')).status).toBe(403)
    expect((await post(`/dead-letters/${id}/reveal`, {})).status).toBe(400)
    const answer = await post(`/dead-letters/${id}/reveal`, { reason: 'the customer asked' })
    const revealed = (await answer.json()) as { fields: JsonObject[]; op: JsonObject; detail: string }
    expect(revealed.fields).toEqual([
      { pointer: '/age', device: Number(SECRETS[2]) },
      { pointer: '/crew/0/name', device: SECRETS[1] },
      { pointer: '/reporter', device: SECRETS[0] },
    ])
    expect(revealed).toMatchObject({
      op: { data: SECRET_DATA },
      detail: expect.stringMatching(new RegExp(`^${SECRETS[2]} `)) as string,
    })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(tells(await textOf(`/dead-letters/${id}`))).toEqual([])
    expect((await detailOf(id)).history).toMatchObject([
      { deed: 'reveal', by: { kind: 'key' }, reason: 'the customer asked', result: null },
    ])
    const [entry] = await world.storage.audit.ofTarget(world.fleet.fleetId, id, 9)
    expect(entry).toMatchObject({ after: { fields: ['/age', '/crew/0/name', '/reporter'] } })
    expect(tells(JSON.stringify(entry))).toEqual([])
  })

  it('[DL21] of a letter that masks nothing there is nothing to reveal, and no entry', async () => {
    const id = await letter({ speed: 'fast' })
    const answer = await post(`/dead-letters/${id}/reveal`, { reason: 'look' })
    expect([answer.status, (await detailOf(id)).history]).toEqual([400, []])
  })

  it('[DL20] an edit keeps what it leaves masked, and its diff is audited without it', async () => {
    const id = await letter({ ...SECRET_DATA, age: 40, speed: 'fast' })
    const { op } = await detailOf(id)
    const edited = { ...op, data: { ...op.data, speed: 3 } }
    const answer = await post(`/dead-letters/${id}/edit`, { op: edited, reason: 'spelled out' })
    const outcome = (await answer.json()) as { mutationId: string; result: { status: string } }
    expect([answer.status, outcome.result.status]).toEqual([200, 'applied'])
    const { letter: row, history } = await detailOf(id)
    const [event] = history
    expect([row.status, event]).toMatchObject([
      'replayed',
      {
        deed: 'edit',
        reason: 'spelled out',
        result: 'applied',
        changes: [{ pointer: '/data/speed', before: '"fast"', after: '3' }],
      },
    ])
    const [entry] = await world.storage.audit.ofTarget(world.fleet.fleetId, id, 1)
    expect(entry?.after).toMatchObject({ mutationId: outcome.mutationId })
    await replica.sync()
    const stored = await replica.collection('strikes').query()
    expect(stored.map(({ data }) => data)).toContainEqual({ ...SECRET_DATA, age: 40, speed: 3 })
  })

  it('[DL20] a mask moved to another field, or one of another letter, is refused without effect', async () => {
    const [id, other] = [await letter(), await letter()]
    const { op } = await detailOf(id)
    const foreign = (await detailOf(other)).op.data['reporter'] as string
    for (const data of [
      { ...op.data, age: 40, place: op.data['reporter'] as string },
      { ...op.data, age: 40, reporter: foreign },
    ]) {
      const answer = await post(`/dead-letters/${id}/edit`, { op: { type: 'put', data }, reason: 'a try' })
      expect([answer.status, (await jsonOf(answer))['code']]).toEqual([400, 'bad_request'])
    }
    expect(await detailOf(id)).toMatchObject({ letter: { status: 'open' }, history: [] })
  })

  it('[DL20] a new value for a masked field is masked in the log too', async () => {
    const id = await letter()
    const { op } = await detailOf(id)
    const data = { ...op.data, age: 41 }
    expect(
      (await post(`/dead-letters/${id}/edit`, { op: { type: 'put', data }, reason: 'typed' })).status,
    ).toBe(200)
    const [event] = (await detailOf(id)).history as unknown as { changes: { after: string }[] }[]
    expect(event?.changes).toMatchObject([{ pointer: '/data/age', after: expect.stringMatching(/‹masked/) }])
  })

  it('[DL20] an admin changes what is masked, with an entry in the log; others may not', async () => {
    const { fleetId } = world.fleet
    const { id, version } = (await world.storage.collections.list(fleetId)).find(
      ({ name }) => name === 'notes',
    ) ?? { id: '', version: 0 }
    const change = { version, masked: ['/title'], reason: 'names stand in titles' }
    const path = inFleet(`/collections/${id}`)
    expect((await world.admin('PATCH', path, change, 'operator')).status).toBe(403)
    const bad = { ...change, masked: ['title'] }
    expect((await world.admin('PATCH', path, bad, 'admin')).status).toBe(400)
    expect(await jsonOf(await world.admin('PATCH', path, change, 'admin'))).toMatchObject({
      masked: ['/title'],
    })
    const [entry] = await world.storage.audit.ofTarget(fleetId, id, 1)
    expect(entry).toMatchObject({
      action: 'collection.change',
      reason: 'names stand in titles',
      before: { masked: [] },
      after: { masked: ['/title'] },
    })
  })

  it('[DL20] where the collection is no more all of a letter is masked', async () => {
    const { fleetId } = world.fleet
    const body = { name: 'brief', strategy: 'lww', schema: true }
    const { id, version } = await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body })
    await replica.sync()
    await replica.collection('brief').put(null, { name: SECRETS[0] })
    const removal = { name: 'brief', version, reason: 'a test' }
    expect((await world.admin('DELETE', inFleet(`/collections/${id}`), removal, 'admin')).status).toBe(200)
    await replica.sync()
    const made = replica.deadLetters$.get().at(-1)
    const shown = await detailOf(made?.deadLetterId ?? '')
    expect(shown.letter).toMatchObject({ code: 'unknown_collection', detail: 'no collection brief' })
    expect(tells(JSON.stringify(shown))).toEqual([])
  })
})
