import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { foldFleet } from '#lib/application/telemetry/fold-events.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { bodyOf } from '#tests/support/device-world.ts'

const collection = 'orders'
/** Records on which two devices change different fields, and one field. */
const [DISJOINT, SAME] = [10, 2]
const NO_CHOICE = { choice: null, note: '' }
const ANSWERS = {
  shape: { choice: 'fields', note: 'a header with | a pipe' },
  semantics: { choice: 'costly', note: '' },
  connectivity: NO_CHOICE,
  volume: NO_CHOICE,
  ordering: NO_CHOICE,
  fields: { '/remarks': 'text' },
}

describe('the design review of a collection, over HTTP and PostgreSQL', () => {
  let world: DeviceHttp
  let path: string
  let fleet: string
  beforeAll(async () => {
    world = await deviceHttp()
    const { fleetId } = world.fleet
    fleet = `?fleet=${fleetId}`
    const body = { name: collection, strategy: 'lww', schema: true }
    const { id } = await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body })
    path = `/collections/${id}`
    const [one, two] = [await world.device(), await world.device()]
    for (let i = 0; i < DISJOINT + SAME; i++) {
      const data = { status: 'new', remarks: 'x'.repeat(200), qty: 1 }
      const made = one.mutation({ collection, op: { type: 'put', data } })
      const { head } = await one.pushed([made])
      const at = { collection, recordId: made.recordId, baseVersion: head[collection] as number }
      await two.pushed([two.mutation({ ...at, op: { type: 'patch', set: { status: `s${i}` } } })])
      const set: JsonObject = i < DISJOINT ? { qty: i + 2 } : { status: `t${i}` }
      await one.pushed([one.mutation({ ...at, op: { type: 'patch', set } })])
    }
    await foldFleet(world.app.ctx, fleetId)
  })
  afterAll(() => world.close())

  const call = async (
    method: 'GET' | 'POST',
    to: string,
    body?: unknown,
    role: 'viewer' | 'admin' = 'admin',
  ) => {
    const answer = await world.admin(
      method,
      `${path}${to}${to.includes('?') ? fleet.replace('?', '&') : fleet}`,
      body,
      role,
    )
    return { status: answer.status, body: await bodyOf(answer) }
  }

  it('[DR1] measures from what devices pushed, and takes conflicts apart that touch different fields', async () => {
    const { status, body } = await call('GET', '/review', undefined, 'viewer')
    expect(status).toBe(200)
    expect(body['review']).toBeNull()
    expect(body['measured']).toMatchObject({
      records: { live: 12, sampled: 12, more: false },
      changes: {
        sampled: 36,
        kinds: { put: 12, patch: 24 },
        withAfter: 0,
        records: 12,
        shared: 12,
        writersMax: 2,
      },
      delta: { changes: 24 },
      waits: { count: 36 },
      rate: { conflicts: 12, mutations: 36, perDay: 36 },
      conflicts: {
        sampled: 12,
        more: false,
        knownBase: 12,
        disjoint: 10,
        fields: [{ place: '/status', conflicts: 2 }],
      },
    })
    const { changeBytes, documentBytes } = (body['measured'] as { delta: Record<string, number> }).delta
    expect((changeBytes ?? 0) / (documentBytes ?? 1)).toBeLessThan(0.3)
    expect(body['differences']).toEqual([
      {
        what: 'strategy',
        now: 'lww',
        advised: 'field-merge',
        because: '10 of 12 conflicts touch different fields',
      },
    ])
  })

  it('[DR9] keeps what was answered, measured and advised as versions, each on the one before', async () => {
    const review = { version: 0, answers: ANSWERS, reason: 'the first look' }
    expect((await call('POST', '/reviews', review, 'viewer')).status).toBe(403)
    const unknown = await call('POST', '/reviews', { ...review, answers: { ...ANSWERS, mood: 'good' } })
    expect([unknown.status, unknown.body['code']]).toEqual([400, 'bad_request'])
    const first = await call('POST', '/reviews', review)
    expect(first).toMatchObject({
      status: 201,
      body: { version: 1, note: 'the first look', settings: { strategy: 'lww' } },
    })
    expect((await call('POST', '/reviews', review)).body).toMatchObject({ code: 'stale_version', version: 1 })
    const second = await call('POST', '/reviews', { ...review, version: 1, reason: 'again' })
    expect(second.body).toMatchObject({ version: 2 })
    const page = await call('GET', '/reviews?limit=1')
    expect(page.body['items']).toMatchObject([{ version: 2 }])
    const rest = await call('GET', `/reviews?limit=1&cursor=${String(page.body['nextCursor'])}`)
    expect(rest.body).toMatchObject({ items: [first.body], nextCursor: null })
    expect((await call('GET', '/review')).body['review']).toEqual(second.body)
    const from = Number(second.body['atMs']) + 1
    expect((await call('GET', `/reviews?from=${from}`)).body['items']).toEqual([])
    const log = await world.admin('GET', `/audit${fleet}&action=collection.review`, undefined, 'admin')
    expect((await bodyOf(log))['items']).toMatchObject([
      {
        reason: 'again',
        before: { version: 1, shape: 'fields' },
        after: { version: 2, advised: 'field-merge' },
      },
      { reason: 'the first look', before: null },
    ])
  })

  it('[DR10] reports as JSON and as Markdown, as it is asked', async () => {
    const report = await call('GET', '/scar', undefined, 'viewer')
    expect(report.body).toMatchObject({
      collection,
      reviewVersion: 2,
      verdict:
        'orders should change from lww to field-merge: 10 of 12 conflicts touch different fields; 2 more settings differ',
    })
    const asked = async (query: string, accept: string) => {
      const answer = await fetch(`${world.url}/api/admin/v1${path}/scar${fleet}${query}`, {
        headers: { authorization: (await keyOf()).authorization, accept },
      })
      return [answer.headers.get('content-type'), (await answer.text()).split('\n', 1)[0]] as const
    }
    const markdown = ['text/markdown; charset=utf-8', '# SCAR report of orders']
    expect(await asked('&format=md', '*/*')).toEqual(markdown)
    expect(await asked('', 'text/markdown, */*;q=0.1')).toEqual(markdown)
    expect((await asked('&format=json', 'text/markdown'))[0]).toBe('application/json')
    expect((await call('GET', '/scar?format=pdf')).status).toBe(400)
    const text = await (
      await world.admin('GET', `${path}/scar${fleet}&format=md`, undefined, 'viewer')
    ).text()
    expect(text).toContain(String.raw`a header with \| a pipe`)
    expect(text).toContain('12 of 36 changes')
  })

  async function keyOf() {
    const made = await world.admin(
      'POST',
      '/api-keys',
      { name: `k${Math.random()}`, role: 'viewer' },
      'admin',
    )
    return { authorization: `Bearer ${String((await bodyOf(made))['key'])}` }
  }
})
