import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { SyncOptions } from '#lib/client/wait.ts'
import { NOTES_SCHEMA, bodyOf } from '#tests/support/device-world.ts'
import type { TestFleet } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

let world: DeviceHttp
let opened: Replica[] = []
beforeAll(async () => {
  world = await deviceHttp()
})
afterEach(async () => {
  for (const replica of opened) await replica.close()
  opened = []
})
afterAll(() => world.close())

/** Longer than any test here takes: what comes earlier was told by the stream. */
const NEVER_MS = 600_000
const QUIET: SyncOptions = { intervalMs: NEVER_MS, changeDelayMs: 20, backoffBaseMs: 20, backoffCapMs: 100 }

interface Watched {
  readonly replica: Replica
  /** Requests by path; a stream that is open counts under `open`. */
  readonly asked: Map<string, number>
  streams(): number
}

async function open(sync: SyncOptions = QUIET, fleet?: TestFleet): Promise<Watched> {
  const asked = new Map<string, number>()
  let streams = 0
  const replica = await world.replica(
    {
      sync,
      fetch: async (input, init) => {
        const { pathname } = new URL(String(input))
        asked.set(pathname, (asked.get(pathname) ?? 0) + 1)
        const response = await fetch(input, init)
        if (pathname === '/api/v1/events' && response.status === 200) streams += 1
        return response
      },
    },
    fleet,
  )
  opened.push(replica)
  await replica.sync()
  return { replica, asked, streams: () => streams }
}

async function until(look: () => unknown): Promise<void> {
  const deadlineMs = performance.now() + 10_000
  while (!(await look())) {
    if (performance.now() > deadlineMs) throw new Error('it did not come about')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
const command = async (replica: Replica, type: string): Promise<void> => {
  const fleet = replica.status$.get().fleetId
  const body = { type, reason: 'a test' }
  expect(
    (await world.admin('POST', `/devices/${replica.deviceId}/commands?fleet=${fleet}`, body)).status,
  ).toBe(201)
}

describe('the stream of events in the SDK, over HTTP and PostgreSQL', () => {
  it('[EV1] brings what another device wrote long before the interval is over', async () => {
    const [one, two] = [await open(), await open()]
    await until(() => one.streams() === 1)
    const { recordId } = await two.replica.collection('notes').put(null, { title: 'from afar' })
    await until(async () => (await one.replica.collection('notes').get(recordId)) !== null)
    expect(one.streams()).toBe(1)
  })

  it('[EV1] carries out a command at once, and acknowledges it', async () => {
    const { replica, streams } = await open()
    await until(() => streams() === 1)
    await command(replica, 'pause')
    await until(() => replica.status$.get().paused === 'by_server')
    await command(replica, 'resume')
    await until(() => replica.status$.get().paused === 'no')
    const shown = async () =>
      bodyOf(await world.admin('GET', `/devices/${replica.deviceId}?fleet=${world.fleet.fleetId}`))
    await until(async () =>
      ((await shown())['commands'] as { acknowledgedAtMs: number | null }[]).every(
        (each) => each.acknowledgedAtMs,
      ),
    )
  })

  it('[CM1] without a stream a device hears of its letters with its next answer, and acknowledges it', async () => {
    const { replica } = await open({ ...QUIET, auto: false })
    const { recordId } = await replica.collection('notes').put(null, { title: 'x' })
    await replica.sync()
    for (const count of ['one', 'two'])
      await replica
        .collection('notes')
        .patch(recordId, { set: { count } }, { validate: false })
        .then(() => replica.sync())
    const letters = replica.deadLetters$.get()
    expect(letters).toHaveLength(2)
    const [letter] = letters
    const path = `/dead-letters/${letter?.deadLetterId}/discard?fleet=${world.fleet.fleetId}`
    expect((await world.admin('POST', path, { reason: 'a test' })).status).toBe(200)
    await replica.sync()
    expect(replica.deadLetters$.get()).toEqual(letters.slice(1))
    await replica.sync()
    const shown = await world.storage.devices.get(world.fleet.fleetId, replica.deviceId)
    expect(shown?.commands).toMatchObject([
      { type: 'discarded', deadLetterId: letter?.deadLetterId, acknowledgedAtMs: expect.any(Number) },
    ])
  })

  it('[CM1] without a stream a device hears that its conflict was decided, closes it, and its later edits flow', async () => {
    const visits = { name: 'visits', strategy: 'manual', schema: NOTES_SCHEMA }
    const { fleetId } = world.fleet
    await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body: visits })
    const quiet = { ...QUIET, auto: false }
    const [one, two] = [(await open(quiet)).replica, (await open(quiet)).replica]
    const { recordId } = await one.collection('visits').put(null, { title: 'x' })
    await one.sync()
    await two.sync()
    await two.collection('visits').patch(recordId, { set: { count: 1 } })
    await two.sync()
    await one.collection('visits').patch(recordId, { set: { count: 2 } })
    await one.sync()
    const [conflict] = one.conflicts$.get()
    await one.collection('visits').patch(recordId, { set: { title: 'later' } })
    expect(await one.sync()).toMatchObject({ pending: 1 })

    const path = `/conflicts/${conflict?.conflictId}/resolve?fleet=${fleetId}`
    const version = conflict?.record?.version
    expect((await world.admin('POST', path, { choice: 'theirs', version })).status).toBe(200)
    await one.sync()
    expect(one.conflicts$.get()).toEqual([])
    expect(await one.sync()).toMatchObject({ pending: 0 })
    const told = async (id: string) => (await world.storage.devices.get(fleetId, id))?.commands
    expect(await told(one.deviceId)).toMatchObject([
      { type: 'resolved', conflictId: conflict?.conflictId, acknowledgedAtMs: expect.any(Number) },
    ])
    expect(await told(two.deviceId)).toEqual([])
  })

  it('[EV1] is not opened where the app leaves it out, or syncs by itself; ends with pause and close', async () => {
    for (const sync of [
      { ...QUIET, events: false },
      { ...QUIET, auto: false },
    ]) {
      const { replica, asked } = await open(sync)
      await replica.sync()
      expect(asked.get('/api/v1/events')).toBeUndefined()
    }
    const { replica, streams } = await open()
    await until(() => streams() === 1)
    replica.pause()
    replica.resume()
    await until(() => streams() === 2)
  })

  it('[EV2] a broken stream is opened again after a session, waits grow, and nothing else waits for it', async () => {
    let isUp = false
    let tries = 0
    const replica = await world.replica({
      sync: { ...QUIET, intervalMs: 100, backoffCapMs: 2_000, backoffBaseMs: 400 },
      fetch: async (input, init) => {
        if (!String(input).endsWith('/events')) return fetch(input, init)
        tries += 1
        return isUp
          ? fetch(input, init)
          : new Response(null, { status: 503, headers: { 'retry-after': '0' } })
      },
    })
    opened.push(replica)
    const startedMs = performance.now()
    await until(() => tries === 3)
    // 400 ms and 800 ms, each by at least half.
    expect(performance.now() - startedMs).toBeGreaterThan(600)
    await replica.collection('notes').put(null, { title: 'meanwhile' })
    await until(() => replica.status$.get().pending === 0)
    isUp = true
    await until(() => tries === 4)
  })
})
