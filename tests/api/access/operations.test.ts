import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lookForOperations, stopOperations } from '#lib/application/operations/run-operations.ts'
import { startTicker, type Ticker } from '#lib/application/ticker.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Role } from '#lib/storage/ports.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { bodyOf, NOTES_SCHEMA, type TestApp } from '#tests/support/device-world.ts'

/** As DL16 has it. */
const HOLDS_WITHIN_MS = 2_000

let world: DeviceHttp
const processes: { readonly ctx: TestApp['ctx']; readonly ticker: Ticker }[] = []
beforeAll(async () => {
  world = await deviceHttp()
  for (const { ctx } of [world.app, await world.another()])
    processes.push({ ctx, ticker: startTicker('operations', 100, ctx.log, () => lookForOperations(ctx)) })
})
afterAll(async () => {
  await Promise.all(processes.map(({ ticker }) => ticker.stop()))
  await Promise.all(processes.map(({ ctx }) => stopOperations(ctx)))
  await world.close()
})

/** A fleet with letters that the next schema mends, and one that it does not. */
async function letters(mended: number, dead = 0) {
  const fleet = await world.fleetWith({})
  const { fleetId } = fleet
  const device = await world.device(fleet)
  const call = async (
    method: 'GET' | 'POST' | 'PATCH',
    path: string,
    body?: unknown,
    role: Role = 'operator',
  ) => {
    const joined = `${path}${path.includes('?') ? '&' : '?'}fleet=${fleetId}`
    const answer = await world.admin(method, joined, body, role)
    return { status: answer.status, body: await bodyOf(answer) }
  }
  const put = (data: JsonObject) => device.mutation({ op: { type: 'put', data } })
  await device.pushed([
    ...Array.from({ length: mended }, () => put({ title: 7 })),
    ...Array.from({ length: dead }, () => put({ title: 'a', count: 'x' })),
  ])
  const [collection] = (await call('GET', '/collections')).body['items'] as JsonObject[]
  const schema = { ...NOTES_SCHEMA, properties: { count: { type: 'integer' } } }
  await call(
    'PATCH',
    `/collections/${collection?.['id'] as string}`,
    { schema, version: collection?.['version'] },
    'admin',
  )
  const asked = { kind: 'replay', q: 'code:schema_mismatch', reason: 'mended' }
  const until = async (id: string, isSo: (row: JsonObject) => boolean, withinMs: number) => {
    const startMs = performance.now()
    for (;;) {
      const { body } = await call('GET', `/operations/${id}`, undefined, 'viewer')
      if (isSo(body)) return { row: body, tookMs: performance.now() - startMs }
      if (performance.now() - startMs > withinMs)
        throw new Error(`not within ${withinMs} ms: ${JSON.stringify(body)}`)
      await pause(30)
    }
  }
  return { call, asked, until, fleetId }
}

describe('bulk actions over HTTP and PostgreSQL', () => {
  it('[DL13] [DL12] are looked at, frozen, started and told, by operators alone', async () => {
    const { call, asked, until, fleetId } = await letters(12, 1)
    const { reason: _, ...looked } = asked
    expect((await call('POST', '/operations/preview', looked, 'viewer')).status).toBe(403)
    expect((await call('POST', '/operations', asked, 'viewer')).status).toBe(403)
    const preview = await call('POST', '/operations/preview', looked)
    expect(preview).toMatchObject({
      status: 200,
      body: { matched: 13, total: 13, looked: 13, assumesAuthority: false },
    })
    expect(preview.body['counts']).toEqual([
      { outcome: 'applied', code: null, count: 12 },
      { outcome: 'still_dead', code: 'schema_mismatch', count: 1 },
    ])
    const wrong = await call('POST', '/operations', { ...asked, count: 12 })
    expect(wrong).toMatchObject({ status: 409, body: { code: 'count_changed', matched: 13 } })
    const made = await call('POST', '/operations', { ...asked, count: 13, rate: 1_000 })
    expect(made).toMatchObject({
      status: 201,
      body: {
        state: 'draft',
        matched: 13,
        pending: 13,
        stage: 1,
        actions: ['preview', 'start', 'cancel', 'rate'],
      },
    })
    const id = made.body['id'] as string
    expect(await call('POST', `/operations/${id}/preview`, {})).toMatchObject({
      status: 200,
      body: { looked: 13, operation: { state: 'previewed' } },
    })
    const refused = await call('POST', `/operations/${id}/resume`, {})
    expect(refused).toMatchObject({ status: 409, body: { code: 'operation_state', state: 'previewed' } })
    expect((await call('POST', `/operations/${id}/start`, {}, 'viewer')).status).toBe(403)
    let row = (await call('POST', `/operations/${id}/start`, {})).body
    // The one that stays dead may be all of the first stage.
    while (row['state'] !== 'completed') {
      row = (await until(id, ({ state }) => state !== 'running', 10_000)).row
      if (row['state'] === 'paused') await call('POST', `/operations/${id}/resume`, {})
    }
    expect(row).toMatchObject({ done: 12, errored: 1, skipped: 0, pending: 0 })
    expect(row['outcomes']).toEqual(preview.body['counts'])
    const first = await call('GET', `/operations/${id}/items?limit=10`, undefined, 'viewer')
    const cursor = first.body['nextCursor'] as string
    const second = await call('GET', `/operations/${id}/items?limit=10&cursor=${cursor}`, undefined, 'viewer')
    const items = [first, second].flatMap(({ body }) => body['items'] as JsonObject[])
    expect(items.map(({ ordinal }) => ordinal)).toEqual(Array.from({ length: 13 }, (_, i) => i + 1))
    const failed = await call('GET', `/operations/${id}/items?state=errored`, undefined, 'viewer')
    expect(failed.body['items']).toMatchObject([{ outcome: 'still_dead', code: 'schema_mismatch' }])
    const open = await call('GET', `/dead-letters?q=failed:${id}`, undefined, 'viewer')
    expect(open.body['items']).toHaveLength(1)
    const file = await world.admin(
      'GET',
      `/operations/${id}/export?fleet=${fleetId}&format=ndjson&state=errored`,
      undefined,
      'viewer',
    )
    const lines = (await file.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as JsonObject)
    expect(lines).toMatchObject([{ outcome: 'still_dead' }, { complete: true, rows: 1 }])
    expect((await call('GET', '/operations', undefined, 'viewer')).body['items']).toMatchObject([
      { id, state: 'completed' },
    ])
    const log = (await call('GET', '/audit', undefined, 'admin')).body['items'] as JsonObject[]
    const actions = log.map(({ action }) => String(action))
    for (const action of ['operation.create', 'operation.start', 'operation.complete'])
      expect(actions).toContain(action)
  })

  it('[DL16] stand still, go on, change their rate and end within two seconds', async () => {
    const { call, asked, until } = await letters(80)
    const id = (await call('POST', '/operations', { ...asked, rate: 10 })).body['id'] as string
    await call('POST', `/operations/${id}/start`, {})
    await until(id, ({ done }) => Number(done) >= 2, 8_000)
    const pausedMs = performance.now()
    expect(await call('POST', `/operations/${id}/pause`, { reason: 'wait' })).toMatchObject({
      body: { state: 'paused' },
    })
    expect(performance.now() - pausedMs).toBeLessThan(HOLDS_WITHIN_MS)
    const stood = (await call('GET', `/operations/${id}`)).body['done']
    await pause(600)
    expect((await call('GET', `/operations/${id}`)).body).toMatchObject({ state: 'paused', done: stood })
    await call('POST', `/operations/${id}/resume`, {})
    await until(id, ({ done }) => Number(done) > Number(stood), HOLDS_WITHIN_MS)
    await call('POST', `/operations/${id}/rate`, { rate: 1 })
    await until(id, ({ ratePerSecond }) => ratePerSecond === 1, HOLDS_WITHIN_MS)
    await pause(1_100)
    const slow = Number((await call('GET', `/operations/${id}`)).body['done'])
    await pause(1_500)
    expect(Number((await call('GET', `/operations/${id}`)).body['done'])).toBeLessThanOrEqual(slow + 2)
    await call('POST', `/operations/${id}/cancel`, {})
    const { row } = await until(id, ({ state }) => state === 'cancelled', HOLDS_WITHIN_MS)
    expect(Number(row['done']) + Number(row['skipped']) + Number(row['errored'])).toBe(80)
  })
})
