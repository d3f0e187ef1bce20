import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { forceBreaker } from '#lib/application/breakers/force-breaker.ts'
import { releaseBreaker } from '#lib/application/breakers/release-breaker.ts'
import { appScope, collectionScope } from '#lib/application/breakers/scopes.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { LISTENERS_PER_DEVICE_MAX } from '#lib/application/sync/pokes.ts'
import { pollHeads } from '#lib/application/sync/poll-heads.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { TestDevice } from '#tests/support/device-world.ts'
import { NOTES_SCHEMA, bodyOf } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

/** Each event of the contract, and to whom it is told. */
let world: DeviceHttp
let one: TestDevice
let two: TestDevice
let toOne: Stream
let toTwo: Stream
beforeAll(async () => {
  world = await deviceHttp()
  const visits = { name: 'visits', strategy: 'manual', schema: NOTES_SCHEMA }
  await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body: visits })
  one = await world.device()
  two = await world.device()
  toOne = await streamOf(one)
  toTwo = await streamOf(two)
})
afterAll(async () => {
  await toOne.end()
  await toTwo.end()
  await world.close()
})

const post = (path: string, body: unknown) =>
  world.admin('POST', `${path}?fleet=${world.fleet.fleetId}`, body, 'admin')

describe('events over HTTP and PostgreSQL', () => {
  it('is a stream of server-sent events that nobody on the way may keep or change', async () => {
    const { headers } = toOne.response
    expect(headers.get('content-type')).toBe('text/event-stream')
    expect(headers.get('cache-control')).toContain('no-transform')
  })

  it('poke: what a push changed, to every device that may read it', async () => {
    await one.pushed([one.mutation()])
    for (const stream of [toOne, toTwo])
      expect(await stream.next('poke')).toMatchObject({ collections: ['notes'] })
  })

  it('command: to its device alone, with its id', async () => {
    const { id } = await bodyOf(await post(`/devices/${one.id}/commands`, { type: 'resync' }))
    expect(await toOne.next('command')).toEqual({ id, type: 'resync' })
    expect(toTwo.seen('command')).toEqual([])
  })

  it('discarded and replayed: to the device whose change it was', async () => {
    const bad = () => one.mutation({ op: { type: 'put', data: { title: 7 } } })
    const { results } = await one.pushed([bad(), bad()])
    const [first, second] = results.map((result) => (result as { deadLetterId: string }).deadLetterId)
    await post(`/dead-letters/${first}/discard`, { reason: 'a test' })
    expect(await toOne.next('discarded')).toEqual({ deadLetterId: first })
    const op = { type: 'put', data: { title: 'seven' } }
    await post(`/dead-letters/${second}/edit`, { op, reason: 'a test' })
    expect(await toOne.next('replayed')).toEqual({ deadLetterId: second })
    expect([...toTwo.seen('discarded'), ...toTwo.seen('replayed')]).toEqual([])
  })

  it('resolved: to the device whose side waited for a person', async () => {
    const made = one.mutation({ collection: 'visits' })
    const { head } = await one.pushed([made])
    const base = { collection: 'visits', recordId: made.recordId, baseVersion: head['visits'] as number }
    await two.pushed([two.mutation({ ...base, op: { type: 'patch', set: { count: 1 } } })])
    const { results } = await one.pushed([
      one.mutation({ ...base, op: { type: 'patch', set: { count: 2 } } }),
    ])
    const { conflictId, record } = results[0] as { conflictId: string; record: { version: number } }
    await post(`/conflicts/${conflictId}/resolve`, { choice: 'theirs', version: record.version })
    expect(await toOne.next('resolved')).toEqual({ conflictId })
    expect(toTwo.seen('resolved')).toEqual([])
  })

  it('[EV1] news are told once and never as commands, by the process that decided and by one that finds them waiting', async () => {
    const { results } = await one.pushed([one.mutation({ op: { type: 'put', data: { title: 7 } } })])
    const { deadLetterId } = results[0] as { deadLetterId: string }
    await post(`/dead-letters/${deadLetterId}/discard`, { reason: 'a test' })
    await pollHeads(world.app.ctx)
    const later = await streamOf(one)
    expect(await later.next('discarded')).toEqual({ deadLetterId: expect.any(String) })
    // The last thing that both are told: whatever was to come before it has come.
    const { id } = await bodyOf(await post(`/devices/${one.id}/commands`, { type: 'rotate' }))
    for (const stream of [toOne, later]) {
      const commands = await commandsUntil(stream, id)
      expect(commands.every((type) => type === 'resync' || type === 'rotate')).toBe(true)
    }
    expect(toOne.seen('discarded')).toEqual([{ deadLetterId }])
    expect(later.seen('discarded')).toEqual([{ deadLetterId }])
    const told = (await one.send('GET', '/api/v1/config')).headers.get('tidemark-commands') ?? '[]'
    const news = { id: expect.any(String), type: 'discarded', deadLetterId }
    expect(JSON.parse(told)).toContainEqual(news)
    await later.end()
  })

  it('breaker: when one opens, with the scope and when to come back; without a stream by Tidemark-Commands', async () => {
    const scope = collectionScope(world.fleet.fleetId, 'visits')
    const failing = () => Promise.reject(new Error('away'))
    for (let n = 0; n < 20; n++) await world.app.ctx.breakers.call(scope, failing).catch(() => undefined)
    const open = { scope, state: 'open', retryAfterMs: expect.any(Number) }
    for (const stream of [toOne, toTwo]) {
      const event = await stream.next('breaker')
      expect(event).toEqual(open)
      expect(event['retryAfterMs']).toBeGreaterThan(25_000)
      expect(event['retryAfterMs']).toBeLessThanOrEqual(30_000)
    }
    const told = (await one.send('GET', '/api/v1/config')).headers.get('tidemark-commands') ?? '[]'
    expect(JSON.parse(told)).toContainEqual({ type: 'breaker', ...open })
  })

  it('[BR4] breaker: when a person forces one open, and when it is released', async () => {
    const { ctx } = world.app
    const { fleetId } = world.fleet
    const scope = appScope(fleetId, '2.4.1')
    const actor = { ...SYSTEM, roles: { '*': 'operator' } as const }
    const reason = 'held for a test of the stream'
    const input = { actor, fleetId, scope }
    await forceBreaker(ctx, { ...input, body: { kind: 'forced_open', reason, version: 0 } })
    for (const stream of [toOne, toTwo])
      expect(await stream.next('breaker')).toEqual({ scope, state: 'forced_open', retryAfterMs: 20_000 })
    const shown = async (): Promise<string> => (await ctx.metrics.render()).body
    expect(await shown()).toContain(`tidemark_breaker_override{scope="${scope}",kind="forced_open"} 1`)
    expect(await shown()).toContain(`tidemark_breaker_state{scope="${scope}",state="forced_open"} 1`)
    await releaseBreaker(ctx, { ...input, body: { reason, version: 1 } })
    for (const stream of [toOne, toTwo])
      expect(await stream.next('breaker')).toMatchObject({ scope, state: 'half_open' })
    expect(await shown()).not.toContain(`tidemark_breaker_override{scope="${scope}"`)
    expect(await shown()).toContain(`tidemark_breaker_state{scope="${scope}",state="half_open"} 1`)
  })

  it('[EV1] of a device so many are open; one more ends its oldest, and nobody else is shed', async () => {
    const device = await world.device()
    const streams: Stream[] = []
    for (let n = 0; n <= LISTENERS_PER_DEVICE_MAX; n++) streams.push(await streamOf(device))
    const [oldest, ...rest] = streams
    await expect(oldest?.next('nothing')).rejects.toThrow('the stream ended')
    const { id } = await bodyOf(await post(`/devices/${device.id}/commands`, { type: 'resync' }))
    for (const stream of rest) {
      expect(await stream.next('command')).toEqual({ id, type: 'resync' })
      await stream.end()
    }
  })

  it('no stream without a device', async () => {
    const answer = await fetch(`${world.url}/api/v1/events`)
    expect([answer.status, (await bodyOf(answer))['code']]).toEqual([401, 'unauthorized'])
  })
})

/** The types of what a stream tells as commands, up to this one. */
async function commandsUntil(stream: Stream, id: unknown): Promise<unknown[]> {
  const types: unknown[] = []
  for (;;) {
    const command = await stream.next('command')
    types.push(command['type'])
    if (command['id'] === id) return types
  }
}

interface Stream {
  readonly response: Response
  /** The first event of this kind that nobody has taken yet. */
  next(name: string): Promise<JsonObject>
  seen(name: string): readonly JsonObject[]
  end(): Promise<void>
}

async function streamOf(device: TestDevice): Promise<Stream> {
  const response = await device.send('GET', '/api/v1/events')
  const chunks = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (!chunks) throw new Error('the stream has a body')
  const events: { name: string; data: JsonObject }[] = []
  let text = ''
  const read = async (): Promise<void> => {
    const { value, done } = await chunks.read()
    if (done) throw new Error('the stream ended')
    text += value
    for (let match = EVENT.exec(text); match; match = EVENT.exec(text)) {
      const [all, name = '', data = ''] = match
      text = text.slice(match.index + all.length)
      events.push({ name, data: JSON.parse(data) as JsonObject })
    }
  }
  await read()
  return {
    response,
    next: async (name) => {
      for (;;) {
        const at = events.findIndex((event) => event.name === name)
        if (at >= 0) return events.splice(at, 1)[0]?.data as JsonObject
        await read()
      }
    },
    seen: (name) => events.filter((event) => event.name === name).map(({ data }) => data),
    end: () => chunks.cancel(),
  }
}
const EVENT = /event: (\w+)\ndata: (.*)\n\n/
