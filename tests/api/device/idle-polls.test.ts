import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditEntry, SYSTEM } from '#lib/application/access/audit-entry.ts'
import { commandDevice } from '#lib/application/devices/command-device.ts'
import type { PullResponse } from '#lib/protocol/pull.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { StorageUnavailable } from '#lib/storage/ports.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { newUuid, TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

/** How old what is in memory may be (TK8), and what is known of a device. */
const SECOND_MS = 1_000

/** A process whose way to the storage is watched and may break, with a clock of its own. */
class Watched {
  readonly app: TestApp
  readonly calls: string[] = []
  nowMs = Date.now()
  isAway = false
  isDeaf = false

  constructor(storage: Storage) {
    const port = <P extends object>(name: string, methods: P): P =>
      new Proxy(methods, {
        get:
          (target, method) =>
          (...args: unknown[]): unknown => {
            this.calls.push(`${name}.${String(method)}`)
            if (this.isAway) return Promise.reject(new StorageUnavailable('the database is away'))
            return (target as Record<string | symbol, (...all: unknown[]) => unknown>)[method]?.(...args)
          },
      })
    const signals: Storage['signals'] = {
      tell: async (grown) => (this.isDeaf ? undefined : storage.signals.tell(grown)),
      listen: (listener) =>
        storage.signals.listen({
          ...listener,
          grown: (fleetId, heads) => (this.isDeaf ? undefined : listener.grown(fleetId, heads)),
        }),
    }
    const { devices, sync, fleets, collections } = storage
    this.app = testApp(
      {
        ...storage,
        devices: port('devices', devices),
        sync: port('sync', sync),
        fleets: port('fleets', fleets),
        collections: port('collections', collections),
        signals,
      },
      () => undefined,
      { now: () => this.nowMs },
    )
  }
}

/** A device that polls as the SDK does: with its token and a report that says nothing new. */
class Poller {
  readonly device: TestDevice
  token: string | null = null
  seq = 100

  constructor(device: TestDevice) {
    this.device = device
  }

  static async enroll(app: TestApp, fleet: TestFleet): Promise<Poller> {
    const poller = new Poller(await TestDevice.enroll(app, fleet))
    // Reads all, shows that it has, and tells its first report.
    for (let i = 0; i < 3; i++) await poller.changes()
    return poller
  }

  report(): string {
    this.seq += 1
    const clock = { offsetMs: 0, rttMs: 5 }
    return JSON.stringify({ state: 'pulling', seq: this.seq, nonce: newUuid(), outbox: { depth: 0 }, clock })
  }

  poll(app: TestApp = this.device.app): Promise<Response> {
    const query = this.token === null ? '' : `?${new URLSearchParams({ token: this.token })}`
    const at = app === this.device.app ? this.device : this.device.at(app)
    return at.send('GET', `/api/v1/pull${query}`, { headers: { 'tidemark-report': this.report() } })
  }

  /** The records that a poll brought. */
  async changes(app?: TestApp): Promise<readonly string[]> {
    const answer = await this.poll(app)
    if (answer.status !== 200) throw new Error(`pull answered ${answer.status}: ${await answer.text()}`)
    const page = (await answer.json()) as PullResponse
    this.token = page.token
    return page.changes.map(({ recordId }) => recordId)
  }
}

describe.each(STORAGES)('polls with nothing new over $name', ({ open }) => {
  let held: TestStorage
  let fleet: TestFleet
  let one: Watched
  let two: Watched
  beforeAll(async () => {
    held = await open()
    one = new Watched(held.storage)
    two = new Watched(await held.another())
    fleet = await testFleet(one.app)
    // Until both hear each other, each asks the database.
    for (const process of [one, two]) {
      const poller = await Poller.enroll(process.app, fleet)
      while ((await asked(process, () => poller.poll())).length > 0) await sleep(20)
    }
  })
  afterAll(() => held.close())

  /** What a poll asks of the storage when it comes at once after another, which has looked at all there is to see. */
  async function asked(process: Watched, poll: () => Promise<Response>): Promise<readonly string[]> {
    expect((await poll()).status).toBe(200)
    process.calls.length = 0
    expect((await poll()).status).toBe(200)
    return [...process.calls]
  }

  const write = async (app: TestApp, writer: TestDevice): Promise<string> => {
    const mutation = writer.mutation()
    await (writer.app === app ? writer : writer.at(app)).pushed([mutation])
    return mutation.recordId
  }

  it('[TK8] ask the storage nothing, and give the token back', async () => {
    const poller = await Poller.enroll(one.app, fleet)
    const { token } = poller
    expect(await asked(one, () => poller.poll())).toEqual([])
    expect([await poller.changes(), poller.token]).toEqual([[], token])
    const held = (await poller.poll()).headers.get('etag') ?? ''
    const again = await poller.device.send('GET', `/api/v1/pull?token=${token}`, {
      headers: { 'tidemark-report': poller.report(), 'if-none-match': held },
    })
    expect([again.status, again.headers.get('etag')]).toEqual([304, held])
  })

  it('[TK8] see at once what this process acknowledged, though no signal is heard', async () => {
    const poller = await Poller.enroll(one.app, fleet)
    const writer = await TestDevice.enroll(one.app, fleet)
    one.isDeaf = true
    try {
      for (let round = 0; round < 20; round++) {
        expect(await poller.changes()).toEqual([])
        const written = await write(one.app, writer)
        expect(await poller.changes()).toEqual([written])
      }
    } finally {
      one.isDeaf = false
    }
  })

  it('[TK8] see what the device itself wrote by way of another process, though no signal is heard', async () => {
    const poller = await Poller.enroll(one.app, fleet)
    one.isDeaf = true
    try {
      for (let round = 0; round < 5; round++) {
        expect(await poller.changes()).toEqual([])
        const mutation = poller.device.mutation()
        const report = JSON.parse(poller.report()) as object
        const body = poller.device.pushBody([mutation], { report: report as never })
        const pushed = await poller.device.at(two.app).push(body)
        expect(pushed.status).toBe(200)
        expect(await poller.changes()).toEqual([mutation.recordId])
        expect(await poller.changes()).toEqual([])
      }
    } finally {
      one.isDeaf = false
    }
  })

  it('[TK8] hear of what another process commits by its signal, however long ago they looked', async () => {
    const poller = await Poller.enroll(one.app, fleet)
    const writer = await TestDevice.enroll(two.app, fleet)
    for (let round = 0; round < 5; round++) {
      one.nowMs += SECOND_MS
      await poller.changes()
      expect(await asked(one, () => poller.poll())).toEqual([])
      const written = await write(two.app, writer)
      // The clock of this process stands still, so it does not look again by itself.
      let seen = await poller.changes()
      while (seen.length === 0) {
        await sleep(5)
        seen = await poller.changes()
      }
      expect(seen).toEqual([written])
    }
  })

  it('[TK8] find what no signal told of when they look again, a second later', async () => {
    const poller = await Poller.enroll(one.app, fleet)
    const writer = await TestDevice.enroll(two.app, fleet)
    one.isDeaf = true
    two.isDeaf = true
    try {
      one.nowMs += SECOND_MS
      expect(await poller.changes()).toEqual([])
      const written = await write(two.app, writer)
      one.nowMs += SECOND_MS - 1
      expect(await poller.changes()).toEqual([])
      one.nowMs += 1
      expect(await poller.changes()).toEqual([written])
      expect(await poller.changes()).toEqual([])
      // A clock that was set back says nothing of how long ago that was.
      const late = await write(two.app, writer)
      one.nowMs -= 3_600_000
      expect(await poller.changes()).toEqual([late])
      one.nowMs += 3_600_000
    } finally {
      one.isDeaf = false
      two.isDeaf = false
    }
  })

  it('[TK8] ask each time while signals cannot be heard', async () => {
    const poller = await Poller.enroll(one.app, fleet)
    expect(await asked(one, () => poller.poll())).toEqual([])
    one.app.ctx.heads.hears(false)
    expect(await asked(one, () => poller.poll())).toEqual(['sync.pull'])
    one.app.ctx.heads.hears(true)
    expect(await asked(one, () => poller.poll())).toEqual([])
  })

  it('[CM1] bring a command, and end with a pause or a revocation, within a second', async () => {
    const poller = await Poller.enroll(one.app, fleet)
    const order = async (type: string): Promise<void> => {
      const { fleetId } = fleet
      const body = { type, reason: 'a test' }
      await commandDevice(two.app.ctx, { actor: SYSTEM, fleetId, id: poller.device.id, body })
      one.nowMs += SECOND_MS
    }
    const told = (answer: Response): string[] =>
      (JSON.parse(answer.headers.get('tidemark-commands') ?? '[]') as { type: string }[]).map(
        ({ type }) => type,
      )
    expect(told(await poller.poll())).toEqual([])
    await order('resync')
    expect(told(await poller.poll())).toEqual(['resync'])
    expect(told(await poller.poll())).toEqual(['resync'])
    await order('pause')
    expect((await poller.poll()).status).toBe(403)
    await order('resume')
    expect((await poller.poll()).status).toBe(200)
    await order('revoke')
    expect((await poller.poll()).status).toBe(401)
  })

  it('[FK1] are known before a push of the same number is taken: it is a copy’s', async () => {
    const poller = await Poller.enroll(one.app, fleet)
    expect(await asked(one, () => poller.poll())).toEqual([])
    const { device } = poller
    const report = { state: 'pushing', seq: poller.seq, nonce: 'of a copy', outbox: { depth: 1 } }
    const copied = await device.push(device.pushBody([device.mutation()], { report }))
    expect([copied.status, await copied.json()]).toMatchObject([409, { code: 'device_forked' }])
  })

  it('[TK6] end with 410 once the epoch was raised', async () => {
    const poller = await Poller.enroll(one.app, fleet)
    expect(await poller.changes()).toEqual([])
    const { fleetId } = fleet
    const audit = auditEntry(two.app.ctx, SYSTEM, { action: 'fleet.restore', target: fleetId, fleetId })
    await two.app.ctx.storage.fleets.raiseEpoch(fleetId, audit)
    one.nowMs += SECOND_MS
    expect((await poller.poll()).status).toBe(410)
  })

  it('[TK8] say that the database is away once they would have to look', async () => {
    const poller = await Poller.enroll(one.app, fleet)
    await poller.poll()
    one.isAway = true
    try {
      expect((await poller.poll()).status).toBe(200)
      one.nowMs += SECOND_MS
      expect((await poller.poll()).status).toBe(503)
    } finally {
      one.isAway = false
    }
    expect((await poller.poll()).status).toBe(200)
  })
})
