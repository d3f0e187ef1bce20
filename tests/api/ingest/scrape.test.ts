import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scrapeDue } from '#lib/application/ingest/scrape.ts'
import { foldFleet } from '#lib/application/telemetry/fold-events.ts'
import { snapshotGauges } from '#lib/application/telemetry/snapshot-gauges.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { bodyOf } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { packLiterals, writeRequest } from '#tests/support/remote-write.ts'

let world: DeviceHttp
let pages: Server
let pagesUrl: string
/** What each path of the engine's server answers; how often it was asked. */
const answers = new Map<string, () => { readonly status?: number; readonly body: string }>()
const asked = new Map<string, number>()

beforeAll(async () => {
  world = await deviceHttp()
  pages = createServer((request, response) => {
    const path = request.url ?? ''
    asked.set(path, (asked.get(path) ?? 0) + 1)
    const answer = answers.get(path)?.()
    // One without an answer hangs, as one that is overloaded does.
    if (!answer) return
    response.writeHead(answer.status ?? 200, { location: '/metrics' }).end(answer.body)
  })
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
  pagesUrl = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`
})
afterAll(async () => {
  pages.closeAllConnections()
  await new Promise((resolve) => pages.close(resolve))
  await world.close()
})

async function fleetOf() {
  const { fleetId } = await world.fleetWith({})
  const add = (source: string, url: string, over: JsonObject = {}) =>
    world.admin('POST', '/scrape-targets', { fleet: fleetId, source, url, reason: 'a try', ...over }, 'admin')
  const get = async (path: string) =>
    bodyOf(
      await world.admin(
        'GET',
        `${path}${path.includes('?') ? '&' : '?'}fleet=${fleetId}`,
        undefined,
        'admin',
      ),
    )
  const scrape = async () => {
    await scrapeDue(world.app.ctx)
    world.clock.aheadMs += 61_000
  }
  const pillar = async (name: string, part: string) => {
    await snapshotGauges(world.app.ctx, fleetId)
    await foldFleet(world.app.ctx, fleetId)
    const to = world.app.ctx.clock.now() + 60_000
    return (await get(`/pillars/${name}?from=${to - 3_600_000}&to=${to}&${part}`))['figure'] as JsonObject
  }
  const sources = async () => (await get('/sources'))['items'] as JsonObject[]
  const targets = async () => (await get('/scrape-targets'))['items'] as JsonObject[]
  return { fleetId, add, get, scrape, pillar, sources, targets }
}

describe('pages that are asked, over HTTP and PostgreSQL', () => {
  it('what an engine’s page says comes to the pillars with its source; what it doesn’t is null', async () => {
    const { add, scrape, pillar, sources, targets } = await fleetOf()
    let pushed = 100
    answers.set('/sgw', () => ({
      body: `# TYPE sgw_replication_push_doc_push_count counter
sgw_replication_push_doc_push_count{database="shop"} ${pushed}
sgw_replication_push_doc_push_error_count{database="shop"} ${pushed / 10}
sgw_database_conflict_write_count{database="shop"} ${pushed / 50}
sgw_replication_pull_rev_send_latency{database="shop"} ${pushed * 2e7}
sgw_replication_pull_rev_send_count{database="shop"} ${pushed}
sgw_up 1
`,
    }))
    expect((await add('couchbase', `${pagesUrl}/sgw`)).status).toBe(201)
    await scrape()
    pushed = 200
    await scrape()
    expect(await pillar('conflicts', 'source=couchbase')).toMatchObject({
      mutations: { part: 2, whole: 100 },
    })
    expect(await pillar('failures', 'source=couchbase')).toMatchObject({ requests: { part: 10, whole: 110 } })
    expect(await pillar('lag', 'source=couchbase')).toMatchObject({
      upload: { count: 0, p95: null },
      deliveryMeanMs: 20,
    })
    expect(await pillar('queue', 'source=couchbase')).toBeNull()
    expect(await targets()).toMatchObject([{ source: 'couchbase', last: { points: 5, problem: null } }])
    const [told] = await sources()
    expect(told).toMatchObject({
      source: 'couchbase',
      keys: 0,
      targets: 1,
      day: [{ signal: 'scrape', stored: 10, duplicate: 0, refused: 0 }],
      figures: null,
    })
    expect(Math.abs(Number(told?.['lastHeardMs']) - world.app.ctx.clock.now())).toBeLessThan(200_000)
  })

  it('CouchDB’s replications: what waits is null until it is known', async () => {
    const { add, scrape, pillar, sources } = await fleetOf()
    let pending: number | null = null
    const doc = { database: '_replicator', doc_id: 'a', error_count: 0, state: 'running' }
    answers.set('/_scheduler/docs', () => ({
      body: JSON.stringify({
        total_rows: 2,
        offset: 0,
        docs: [
          { ...doc, info: { changes_pending: pending } },
          { ...doc, doc_id: 'b', state: 'crashing', error_count: 3, info: null },
        ],
      }),
    }))
    await add('couchdb', `${pagesUrl}/_scheduler/docs`)
    await scrape()
    const figures = async () => (await sources())[0]?.['figures']
    expect(await figures()).toMatchObject({ queueDepth: null, jobs: 2, jobsFailing: 1 })
    expect(await pillar('queue', 'source=couchdb')).toMatchObject({ depth: null })
    pending = 7
    await scrape()
    expect(await figures()).toMatchObject({ queueDepth: 7 })
    expect(await pillar('queue', 'source=couchdb')).toMatchObject({ depth: 7 })
  })

  it('what goes wrong with one page is told beside it, and keeps none of the others from its turn', async () => {
    const { add, scrape, targets } = await fleetOf()
    answers.set('/gone', () => ({ status: 404, body: 'no' }))
    answers.set('/moved', () => ({ status: 302, body: '' }))
    answers.set('/huge', () => ({ body: 'x'.repeat(2 * 1024 * 1024) }))
    answers.set('/odd', () => ({ body: '{"a":1}' }))
    answers.set('/html', () => ({ body: '<html>\n<body>\n' }))
    answers.set('/other', () => ({ body: 'up 1\n' }))
    answers.set('/good', () => ({ body: 'sync_queue_depth 4\n' }))
    const names = ['gone', 'moved', 'huge', 'odd', 'html', 'other', 'good']
    for (const name of names) await add('any', `${pagesUrl}/${name}`)
    await scrape()
    const problems = (await targets()).map(({ last }) => (last as JsonObject)['problem'])
    expect(problems).toEqual([
      'it answered 404',
      'it answered 302',
      expect.stringContaining('more than'),
      'it answered JSON that is not that of CouchDB’s _scheduler/docs',
      'it is no page of Prometheus’ text format',
      'no metric that is read here is among its 1 samples',
      null,
    ])
    // Not due yet.
    const before = asked.get('/good')
    world.clock.aheadMs -= 61_000
    await scrapeDue(world.app.ctx)
    expect(asked.get('/good')).toBe(before)
    world.clock.aheadMs += 61_000
  })

  it('[check 40] is for administrators, with a reason, audited, and leads to no address that the operator hasn’t named', async () => {
    const { fleetId, add, get, targets } = await fleetOf()
    const url = `${pagesUrl}/good`
    const forbidden = await world.admin(
      'POST',
      '/scrape-targets',
      { fleet: fleetId, source: 'a', url, reason: 'x' },
      'operator',
    )
    expect(forbidden.status).toBe(403)
    expect((await add('a', url, { reason: ' ' })).status).toBe(400)
    expect((await add('a', url, { everyMs: 1_000 })).status).toBe(400)
    expect((await add('tidemark', url)).status).toBe(400)
    for (const closed of [
      'http://10.0.0.1/metrics',
      'https://169.254.169.254/x',
      'http://example.org/',
      'file:///etc/passwd',
    ])
      expect((await add('a', closed)).status).toBe(400)
    const made = await bodyOf(await add('a', url))
    const path = `/scrape-targets/${made['id'] as string}`
    expect((await world.admin('DELETE', path, { fleet: fleetId }, 'admin')).status).toBe(400)
    expect((await world.admin('DELETE', path, { fleet: fleetId, reason: 'done' }, 'admin')).status).toBe(200)
    expect((await world.admin('DELETE', path, { fleet: fleetId, reason: 'done' }, 'admin')).status).toBe(404)
    expect(await targets()).toEqual([])
    const entries = (await get('/audit'))['items'] as JsonObject[]
    const told = entries.filter(
      ({ action, outcome }) => String(action).startsWith('scrape-target') && outcome === 'done',
    )
    expect(told.map(({ action, reason }) => [action, reason])).toEqual([
      ['scrape-target.remove', 'done'],
      ['scrape-target.add', 'a try'],
    ])
    for (let i = 0; i < 20; i++) expect((await add('a', `${url}?${i}`)).status).toBe(201)
    expect((await add('a', `${url}?20`)).status).toBe(400)
  })
})

describe('remote write, over HTTP and PostgreSQL', () => {
  it('takes samples once, and refuses what it can’t read', async () => {
    const { fleetId, pillar, sources } = await fleetOf()
    const made = await bodyOf(
      await world.admin('POST', '/ingest-keys', { fleet: fleetId, name: 'p', source: 'engine' }, 'admin'),
    )
    const post = (body: Uint8Array, headers: Record<string, string> = {}) =>
      fetch(`${world.url}/api/v1/ingest/prometheus/write`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${made['key'] as string}`,
          'content-type': 'application/x-protobuf',
          'content-encoding': 'snappy',
          'x-prometheus-remote-write-version': '0.1.0',
          ...headers,
        },
        body: Buffer.from(body),
      })
    const now = world.app.ctx.clock.now()
    const write = (attempts: number, atMs: number) =>
      packLiterals(
        writeRequest([
          { labels: { __name__: 'sync_attempts_total', result: 'ok' }, samples: [[attempts, atMs]] },
          { labels: { __name__: 'sync_queue_depth' }, samples: [[3, atMs]] },
          { labels: { __name__: 'up' }, samples: [[1, atMs]] },
        ]),
      )
    const bodies = [write(100, now - 2_000), write(130, now - 1_000), write(130, now - 1_000)]
    for (const body of bodies) {
      const answer = await post(body)
      expect([answer.status, await answer.text()]).toEqual([204, ''])
    }
    expect(await pillar('failures', 'source=engine')).toMatchObject({
      requests: { part: 0, whole: 30, rate: 0 },
    })
    expect(await pillar('queue', 'source=engine')).toMatchObject({ depth: 3 })
    expect(await sources()).toMatchObject([
      { source: 'engine', keys: 1, day: [{ signal: 'remote_write', stored: 4, duplicate: 2, refused: 3 }] },
    ])
    const statusOf = async (answer: Promise<Response>) => (await answer).status
    expect(await statusOf(post(Buffer.from([4, 1])))).toBe(400)
    expect(await statusOf(post(packLiterals(Buffer.from([0x0a, 9, 1]))))).toBe(400)
    // It says that it unpacks to 128 MiB.
    const bomb = Buffer.from([0x80, 0x80, 0x80, 0x40, 0, 1])
    expect(await statusOf(post(bomb))).toBe(413)
    expect(await statusOf(post(write(1, now), { 'content-encoding': 'gzip' }))).toBe(415)
    const second = 'application/x-protobuf;proto=io.prometheus.write.v2.Request'
    expect(await statusOf(post(write(1, now), { 'content-type': second }))).toBe(415)
    expect(await statusOf(post(write(1, now), { authorization: 'Bearer x' }))).toBe(401)
  })
})
