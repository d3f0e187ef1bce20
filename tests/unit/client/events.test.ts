import { describe, expect, test } from 'vitest'
import { POKED_PER_SECOND_MAX, Pokes } from '#lib/application/sync/pokes.ts'
import { SILENCE_MS_MAX } from '#lib/client/event-stream.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { World } from './support/device.ts'
import { createWorld } from './support/device.ts'
import { flush } from './support/virtual-clock.ts'

const INTERVAL_MS = 30_000
const encoder = new TextEncoder()

interface Streaming {
  readonly world: World
  readonly replica: Replica
  /** Sends text down the open stream. */
  say(text: string): Promise<void>
  tell(event: string, data: object): Promise<void>
  opened(): number
  pulls(): number
  /** Names of what was logged. */
  logged(): readonly string[]
}

const COMMAND = '01900000-0000-7000-8000-0000000000c0'

/** A device at rest with its stream open. */
async function streaming(): Promise<Streaming> {
  const world = createWorld()
  let stream: ReadableStreamDefaultController<Uint8Array> | null = null
  let opened = 0
  world.authority.script.fault = ({ path }) => {
    if (path !== '/api/v1/events') return undefined
    opened += 1
    return new Response(new ReadableStream({ start: (controller) => void (stream = controller) }))
  }
  const events: string[] = []
  const replica = await world.open({ sync: { auto: true }, onLog: ({ event }) => void events.push(event) })
  await world.clock.advance(1_000)
  for (let n = 0; n < 50 && opened === 0; n++) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(opened).toBe(1)
  const say = async (text: string): Promise<void> => {
    stream?.enqueue(encoder.encode(text))
    await flush()
  }
  return {
    world,
    replica,
    say,
    tell: (event, data) => say(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    opened: () => opened,
    logged: () => events,
    pulls: () => world.authority.requests.filter(({ path }) => path === '/api/v1/pull').length,
  }
}

describe('events', () => {
  test('[EV2] a poke brings one session, in the time that the server spreads it over, however many come', async () => {
    const { world, replica, tell, pulls } = await streaming()
    const before = pulls()
    for (let n = 0; n < 20; n++) await tell('poke', { collections: ['reports'], spreadMs: 4_000 })
    await world.clock.advance(1_999)
    expect(pulls()).toBe(before)
    await world.clock.advance(4_600)
    expect(pulls()).toBe(before + 1)
    await tell('poke', { collections: ['reports'], spreadMs: 0 })
    await world.clock.advance(600)
    expect(pulls()).toBe(before + 2)
    await replica.close()
  })

  test('[EV2] while a breaker of engine or fleet is open, pokes start nothing', async () => {
    const { world, replica, tell, pulls } = await streaming()
    const before = pulls()
    await tell('breaker', { scope: 'engine', state: 'open', retryAfterMs: 10_000 })
    await tell('poke', { collections: ['reports'], spreadMs: 0 })
    await world.clock.advance(9_000)
    expect(pulls()).toBe(before)
    await replica.close()
  })

  test.each([
    ['a poke', 'poke', { collections: ['reports'], spreadMs: 0 }],
    ['a breaker', 'breaker', { scope: 'engine', state: 'open', retryAfterMs: 1_000 }],
  ])(
    '[EV2] a clock that is set back after %s keeps no later poke from its session',
    async (_, event, data) => {
      const { world, replica, tell, pulls } = await streaming()
      await tell(event, data)
      await world.clock.advance(1_500)
      const before = pulls()
      world.clock.jump(-86_400_000)
      await tell('poke', { collections: ['reports'], spreadMs: 0 })
      await world.clock.advance(600)
      expect(pulls()).toBe(before + 1)
      await replica.close()
    },
  )

  test('[EV1] reads events in any pieces, and leaves out what it does not know', async () => {
    const { world, replica, say, pulls } = await streaming()
    const before = pulls()
    await say(': here\n\nevent: news\ndata: {}\n\nevent: poke\ndata: nothing\n\neve')
    await say('nt: poke\r\ndata: {"collections":["reports"],"spre')
    await say('adMs":0}\r\n\r\n')
    await world.clock.advance(600)
    expect(pulls()).toBe(before + 1)
    await replica.close()
  })

  test('[EV1] a letter that was discarded leaves the notices, and a decision is fetched at once', async () => {
    const { world, replica, tell, pulls } = await streaming()
    const [letter, other] = ['letter', 'other']
    world.authority.script.result = ({ id }) => ({
      id,
      status: 'dead_lettered',
      deadLetterId: replica.deadLetters$.get().length === 0 ? letter : other,
      code: 'rule_violation',
      detail: '',
    })
    for (const title of ['one', 'two']) {
      await replica.collection('reports').put(null, { title })
      await world.clock.advance(1_000)
    }
    expect(replica.deadLetters$.get().map(({ deadLetterId }) => deadLetterId)).toEqual([letter, other])
    await tell('discarded', { deadLetterId: letter })
    expect(replica.deadLetters$.get().map(({ deadLetterId }) => deadLetterId)).toEqual([other])
    const before = pulls()
    await tell('resolved', { conflictId: 'conflict' })
    await world.clock.advance(600)
    expect(pulls()).toBe(before + 1)
    await replica.close()
  })

  test.each([
    ['the server sheds', 'shed', {}, 0],
    ['the process has no stream left', 'shed', { scope: 'events' }, 1],
    ['its breaker is open', 'breaker_open', { scope: 'engine' }, 0],
  ])(
    '[EV2][BO1] a stream that is refused because %s: Retry-After and the next push',
    async (_, code, more, pushes) => {
      const world = createWorld()
      let asked = 0
      world.authority.script.fault = ({ path }) => {
        if (path !== '/api/v1/events') return undefined
        asked += 1
        return new Response(JSON.stringify({ code, status: 503, ...more }), {
          status: 503,
          headers: { 'retry-after': '20' },
        })
      }
      const replica = await world.open({ sync: { auto: true } })
      await world.clock.advance(1_000)
      for (let n = 0; n < 50 && asked === 0; n++) await new Promise((resolve) => setTimeout(resolve, 20))
      await flush()
      await replica.collection('reports').put(null, { title: 'a' })
      await world.clock.advance(2_000)
      expect(world.authority.pushes()).toHaveLength(pushes)
      await world.clock.advance(90_000)
      expect(world.authority.pushes()).toHaveLength(1)
      await replica.close()
    },
  )

  test('[EV1] what a store cannot take in of a stream is told, and not taken for a broken connection', async () => {
    const { world, replica, logged, tell } = await streaming()
    world.disk.tables.meta.set('commands', '{"broken')
    await tell('command', { id: COMMAND, type: 'resync' })
    expect(logged()).toContain('store_failed')
    await replica.close()
  })

  test('[EV1] a stream that falls silent is given up, and opened again after a session', async () => {
    const { world, replica, say, opened } = await streaming()
    await world.clock.advance(SILENCE_MS_MAX - 1_000)
    await say(': here\n\n')
    await world.clock.advance(2_000)
    expect(opened()).toBe(1)
    await world.clock.advance(SILENCE_MS_MAX + 2 * INTERVAL_MS)
    expect(opened()).toBe(2)
    await replica.close()
  })

  test('[EV2] a server spreads a poke by how many listen', () => {
    const pokes = new Pokes()
    const spreads: number[] = []
    for (let n = 0; n < 200; n++)
      pokes.listen(
        'fleet',
        `device ${n}`,
        (poke) => {
          if (n === 0 && poke.event === 'poke') spreads.push(poke.spreadMs)
        },
        () => undefined,
      )
    pokes.grown('fleet', new Map([['reports', 1]]))
    expect(spreads).toEqual([(200 / POKED_PER_SECOND_MAX) * 1_000])
  })
})
