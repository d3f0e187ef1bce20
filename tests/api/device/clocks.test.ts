import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Clock } from '#lib/client/clock.ts'
import { systemClock } from '#lib/client/clock.ts'
import { bodyOf } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { sessionsOfDevice } from '#tests/support/sessions-of.ts'

const HOUR_MS = 3_600_000
/** What a loaded machine may add to a measured offset. */
const SLACK_MS = 5_000

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

/** A device clock that is off, and can be set. */
const wrongClock = (state: { offMs: number }): Clock => ({
  ...systemClock,
  now: () => Date.now() + state.offMs,
})
const deviceOf = (id: string) => world.storage.devices.get(world.fleet.fleetId, id)

describe('device clocks over HTTP and PostgreSQL', () => {
  it('[CS1] a change stamped an hour ahead is refused, and goes through re-stamped under the same id', async () => {
    const replica = await world.replica({ clock: wrongClock({ offMs: HOUR_MS }) })
    const made = await replica.collection('notes').put(null, { title: 'from the future' })
    const next = await replica.collection('notes').patch(made.recordId, { set: { count: 1 } })
    expect(next.mutationId).toBe(made.mutationId)
    expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0, refused: 0 })
    const record = await world.storage.sync.getRecord(world.fleet.fleetId, 'notes', made.recordId)
    expect(record?.data).toEqual({ title: 'from the future', count: 1 })
    const stampedMs = Number.parseInt(record?.hlc.slice(0, 12) ?? '', 16)
    expect(Math.abs(stampedMs - Date.now())).toBeLessThan(60_000)
    const [change] = await world.storage.sync.changesOfSession(
      world.fleet.fleetId,
      await lastSession(replica.deviceId),
      9,
    )
    expect(change?.mutation.id).toBe(made.mutationId)
    expect(Math.abs((change?.correctedMadeAtMs ?? 0) - Date.now())).toBeLessThan(60_000)
    await replica.close()
  })

  it.each([
    ['-271821-04-21T00:00:00Z', 'a broken clock at its start'],
    ['-000100-01-01T00:00:00Z', 'before the years of the contract'],
    ['1969-12-31T23:59:00Z', 'before the epoch of Unix'],
    ['1970-01-01T00:00:01Z', 'a battery that is empty'],
    ['9999-12-31T23:59:58Z', 'into the year 10000'],
    ['+010001-01-01T00:00:00Z', 'after the years of the contract'],
    ['+011000-01-01T00:00:00Z', 'after what an id can hold'],
    ['+275000-01-01T00:00:00Z', 'a broken clock at its end'],
  ])('[CS1] a device whose clock says %s (%s) writes and syncs, and nothing is set aside', async (at) => {
    const offMs = Date.parse(at) - Date.now()
    expect(offMs).not.toBeNaN()
    const replica = await world.replica({ clock: wrongClock({ offMs }) })
    const notes = replica.collection('notes')
    const ids = [await notes.put(null, { title: 'one' }), await notes.put(null, { title: 'two' })]
    await replica.sync()
    await notes.patch(ids[0]?.recordId ?? '', { set: { count: 1 } })
    await notes.put(null, { title: 'three' })
    for (let n = 0; n < 2; n++)
      expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0, refused: 0, problem: null })
    expect([replica.refusals$.get(), replica.deadLetters$.get()]).toEqual([[], []])
    for (const { recordId } of ids) {
      const record = await world.storage.sync.getRecord(world.fleet.fleetId, 'notes', recordId)
      const stampedMs = Number.parseInt(record?.hlc.slice(0, 12) ?? '', 16)
      // A stamp of the past is taken as it is; none of the future.
      expect(stampedMs).toBeLessThan(Date.now() + 60_000)
    }
    await replica.diagnostics()
    await replica.close()
  })

  it('[CS1] a stamp by hand is refused with the server’s clock, whatever the strategy', async () => {
    const device = await world.device()
    const wallMs = Date.now() + 6 * 60_000
    const hlc = `${wallMs.toString(16).padStart(12, '0')}-0000-${device.id}`
    const mutation = device.mutation({ hlc })
    const { results } = await device.pushed([mutation])
    expect(results).toMatchObject([{ status: 'refused', code: 'clock_out_of_bounds' }])
    const serverHlc = (results[0] as { serverHlc: string }).serverHlc
    expect(Math.abs(Number.parseInt(serverHlc.slice(0, 12), 16) - Date.now())).toBeLessThan(60_000)
    const again = { ...mutation, hlc: `${serverHlc.slice(0, 18)}${device.id}` }
    expect((await device.pushed([again])).results).toMatchObject([{ status: 'applied' }])
  })

  it('[CL2] offset and steps of a device’s clock are facts of the device', async () => {
    const clock = { offMs: -HOUR_MS }
    const replica = await world.replica({ clock: wrongClock(clock) })
    await replica.collection('notes').put(null, { title: 'from the past' })
    expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
    const behind = await deviceOf(replica.deviceId)
    expect(Math.abs((behind?.report?.offsetMs ?? 0) - HOUR_MS)).toBeLessThan(SLACK_MS)
    expect(behind?.clockJumps).toBeNull()
    clock.offMs = HOUR_MS / 2
    await replica.sync()
    await replica.sync()
    const path = `/devices/${replica.deviceId}?fleet=${world.fleet.fleetId}`
    const { clockJumps } = (await bodyOf(await world.admin('GET', path))) as never as {
      clockJumps: { count: number; last: { fromOffsetMs: number; toOffsetMs: number } }
    }
    expect(clockJumps.count).toBe(1)
    expect(Math.abs(clockJumps.last.fromOffsetMs - HOUR_MS)).toBeLessThan(SLACK_MS)
    expect(Math.abs(clockJumps.last.toOffsetMs + HOUR_MS / 2)).toBeLessThan(SLACK_MS)
    await replica.collection('notes').put(null, { title: 'after the jump' })
    expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0, refused: 0 })
    await replica.close()
  })

  it('[SM7] a device that is silent for 15 minutes or three intervals is offline, and marked so', async () => {
    const fleet = await world.fleetWith({ intervalMs: 600_000 })
    const device = await world.device(fleet)
    await device.send('POST', '/api/v1/heartbeat', {
      body: { report: { ...device.report(), state: 'idle' } as never },
    })
    const path = `/devices/${device.id}?fleet=${fleet.fleetId}`
    const shown = async (aheadMs: number) => {
      world.clock.aheadMs = aheadMs
      try {
        const list = await bodyOf(await world.admin('GET', `/devices?fleet=${fleet.fleetId}&q=state:offline`))
        const one = await bodyOf(await world.admin('GET', path))
        return [(list['items'] as object[]).length, one['state'], one['inferredOffline']]
      } finally {
        world.clock.aheadMs = 0
      }
    }
    expect(await shown(29 * 60_000)).toEqual([0, 'idle', false])
    expect(await shown(31 * 60_000)).toEqual([1, 'offline', true])
  })
})

async function lastSession(deviceId: string): Promise<string> {
  const filter = sessionsOfDevice(deviceId, 2 * HOUR_MS)
  const page = await world.storage.sessions.list(world.fleet.fleetId, filter, { limit: 1, cursor: null })
  return page.items[0]?.sessionId ?? ''
}
