import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { raiseEpochs } from '#lib/application/restores/raise-epochs.ts'
import type { ToldGap, ToldGapDevice } from '#lib/application/restores/restore-gap.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

async function answer<T>(path: string, fleetId: string): Promise<T> {
  const response = await world.admin(
    'GET',
    `${path}${path.includes('?') ? '&' : '?'}fleet=${fleetId}`,
    undefined,
    'viewer',
  )
  expect(response.status).toBe(200)
  return (await response.json()) as T
}

describe('the gap of a restore over HTTP', () => {
  it('[TK6] has what a device says was acknowledged and the server lacked, once, also where the answer was lost', async () => {
    const fleet = await world.fleetWith({})
    const { fleetId } = fleet
    expect(await answer('/restore', fleetId)).toEqual({ restore: null })
    expect((await world.admin('GET', `/restore/devices?fleet=${fleetId}`)).status).toBe(404)
    const [device, silent] = [await world.device(fleet), await world.device(fleet)]
    const held = device.mutation()
    await device.pushed([held])
    const takenAtMs = Date.now()
    const epochs = await raiseEpochs(world.app.ctx, { actor: SYSTEM, fleetId, takenAtMs })
    world.app.ctx.directory.forget()
    const epoch = epochs[fleetId] ?? 0
    // Above what another restore of the same copy gave.
    expect(epoch).toBeGreaterThan(1_000_000)
    expect((await device.push(device.pushBody([held]))).status).toBe(409)

    const [lost, fresh, late] = [device.mutation(), device.mutation(), device.mutation()]
    const body = device.pushBody([held, lost, fresh], { epoch, acknowledged: [held.id, lost.id, late.id] })
    const first = await (await device.push(body)).text()
    expect(await (await device.push(body)).text()).toBe(first)
    await device.pushed([lost, late], { epoch, acknowledged: [lost.id, late.id] })

    const { restore } = await answer<{ restore: ToldGap }>('/restore', fleetId)
    expect(restore).toMatchObject({ epoch, epochBefore: 1, backupId: null, devices: 2, back: 0, notBack: 2 })
    expect(restore).toMatchObject({
      backupAt: new Date(takenAtMs).toISOString(),
      regained: 2,
      regainedDevices: 1,
    })
    const devices = await answer<{ items: ToldGapDevice[] }>('/restore/devices', fleetId)
    expect(devices.items.map(({ deviceId }) => deviceId)).toEqual([device.id, silent.id].sort())
    expect(devices.items.find(({ deviceId }) => deviceId === device.id)).toMatchObject({
      acknowledged: 1,
      regained: 2,
    })
    const one = await answer<{ items: { mutationId: string }[]; nextCursor: string }>(
      '/restore/mutations?limit=1',
      fleetId,
    )
    const rest = await answer<typeof one>(`/restore/mutations?limit=1&cursor=${one.nextCursor}`, fleetId)
    const ids = [...one.items, ...rest.items].map(({ mutationId }) => mutationId)
    expect([...ids].sort()).toEqual([lost.id, late.id].sort())
    expect(rest.nextCursor).toBeNull()
    const none = await answer<typeof one>(`/restore/mutations?device=${silent.id}`, fleetId)
    expect(none.items).toEqual([])
  })

  it('[TK6] a retry notes what the first try did not come to', async () => {
    const fleet = await world.fleetWith({})
    const device = await world.device(fleet)
    const epochs = await raiseEpochs(world.app.ctx, {
      actor: SYSTEM,
      fleetId: fleet.fleetId,
      takenAtMs: null,
    })
    world.app.ctx.directory.forget()
    const lost = device.mutation()
    const body = device.pushBody([lost], { epoch: epochs[fleet.fleetId] ?? 0 })
    await device.push(body)
    // As the process that took it ended before it noted anything: the stored answer alone tells.
    await device.push({ ...body, acknowledged: [lost.id] })
    const { restore } = await answer<{ restore: ToldGap }>('/restore', fleet.fleetId)
    expect(restore).toMatchObject({ regained: 1, backupAt: null })
  })
})
