import { expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { commandDevice } from '#lib/application/devices/command-device.ts'
import { commandDevices } from '#lib/application/devices/command-devices.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { COMMANDS_PENDING_MAX } from '#lib/protocol/command.ts'
import { DEVICES_COMMANDED_MAX } from '#lib/protocol/limits.ts'
import { exportDevices } from '#lib/http/admin/export-lists.ts'
import type { FleetCall } from '#lib/http/admin/table.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { Device, Storage } from '#lib/storage/ports.ts'
import { makeDevice } from '#tests/contract/storage/world.ts'
import { newUuid, testApp, testFleet } from '#tests/support/device-world.ts'

/** A fleet of so many devices over memory, with what may go wrong between two calls of its storage. */
async function fleetOf(devices: number, changes: Partial<Device> = {}) {
  const inner = openMemoryStorage()
  const between = { listed: async (): Promise<void> => undefined, command: (): void => undefined }
  const list: Storage['devices']['list'] = async (...asked) => {
    const page = await inner.devices.list(...asked)
    await between.listed()
    return page
  }
  const command: Storage['devices']['command'] = async (...asked) => {
    between.command()
    return inner.devices.command(...asked)
  }
  const storage: Storage = { ...inner, devices: { ...inner.devices, list, command } }
  const { ctx } = testApp(storage)
  const { fleetId } = await testFleet({ ctx, router: testApp(storage).router })
  const made: Device[] = []
  for (let n = 0; n < devices; n++) {
    const name = `Tablet ${String(n).padStart(4, '0')}`
    made.push(await makeDevice(storage, fleetId, { name, lastContactMs: 1_000 + n, ...changes }))
  }
  const tell = (body: JsonObject) =>
    commandDevices(ctx, { actor: SYSTEM, fleetId, body: { reason: 'a bad release', ...body } })
  const now = async (device: Device) => inner.devices.get(fleetId, device.id)
  /** The one that was silent for longest is heard. */
  const oldestIsHeard = async (): Promise<void> => {
    const { items } = await inner.devices.list(
      fleetId,
      { fromMs: null, toMs: null, conditions: [], nowMs: Date.now(), intervalMs: 15_000 },
      { sort: 'contact', limit: 5_000, after: null },
    )
    const contact = { atMs: Date.now(), appVersion: '1.0.0', platform: 'android', report: null } as const
    await inner.devices.touch(fleetId, items.at(-1)?.id ?? '', contact)
  }
  return { ctx, storage, between, fleetId, made, tell, now, oldestIsHeard }
}

const outcome = (counts: Partial<Record<string, number>>) => ({
  told: 0,
  already: 0,
  revoked: 0,
  foreign: 0,
  full: 0,
  ...counts,
})

test('[CM1] a repeat is the same order, though its devices match the filter no longer', async () => {
  const { tell, made, now } = await fleetOf(3)
  const asked = { type: 'pause', q: '-state:paused', count: 3, id: newUuid() }
  const answer = { id: asked.id, ...outcome({ told: 3 }) }
  expect([await tell(asked), await tell(asked)]).toEqual([answer, answer])
  for (const device of made) expect((await now(device))?.commands).toHaveLength(1)
})

test('[CM1] an order that broke off goes on where it ended', async () => {
  const { between, tell, made, now } = await fleetOf(3)
  const asked = { type: 'pause', q: '-state:paused', count: 3, id: newUuid() }
  let calls = 0
  between.command = () => {
    calls += 1
    if (calls === 2) throw new Error('the database is away')
  }
  await expect(tell(asked)).rejects.toThrow('away')
  expect(await tell(asked)).toMatchObject({ told: 3 })
  const after = await Promise.all(made.map(now))
  expect(after.map((device) => [device?.status, device?.commands.length])).toEqual(
    made.map(() => ['paused', 1]),
  )
})

test('[CM1] an id that was used for another order tells nobody anything', async () => {
  const { tell, made, now } = await fleetOf(2)
  const asked = { type: 'pause', q: '', count: 2, id: newUuid() }
  await tell(asked)
  for (const other of [{ type: 'resume' }, { q: 'platform:android' }, { reason: 'another' }])
    await expect(tell({ ...asked, ...other })).rejects.toMatchObject({ tidemarkCode: 'request_id_reused' })
  expect((await now(made[0] as Device))?.status).toBe('paused')
})

test('[CM1] all devices of a fleet that syncs while it is read are told', async () => {
  const { between, tell, oldestIsHeard } = await fleetOf(600)
  between.listed = oldestIsHeard
  expect(await tell({ type: 'resync', q: '', count: 600, id: newUuid() })).toMatchObject({ told: 600 })
})

test(`[CM1] up to ${DEVICES_COMMANDED_MAX} devices, and no more`, async () => {
  const { ctx, tell, storage, fleetId } = await fleetOf(DEVICES_COMMANDED_MAX)
  const order = { type: 'diagnostics', q: '', count: DEVICES_COMMANDED_MAX, id: newUuid() }
  expect(await tell(order)).toMatchObject({ told: DEVICES_COMMANDED_MAX })
  await makeDevice(storage, fleetId)
  for (const count of [DEVICES_COMMANDED_MAX, DEVICES_COMMANDED_MAX + 1])
    await expect(tell({ ...order, count, id: newUuid() })).rejects.toMatchObject({
      tidemarkCode: 'bad_request',
    })
  expect(ctx.storage).toBe(storage)
})

test('[CM1] a device that is so already is told nothing, and counts apart', async () => {
  const { ctx, tell, made, now, fleetId } = await fleetOf(2)
  const [first, second] = made as [Device, Device]
  await commandDevice(ctx, { actor: SYSTEM, fleetId, id: first.id, body: { type: 'pause', reason: 'lost' } })
  const asked = { type: 'pause', q: '', count: 2, id: newUuid() }
  for (const _ of [1, 2])
    expect(await tell(asked)).toEqual({ id: asked.id, ...outcome({ told: 1, already: 1 }) })
  expect((await now(first))?.commands).toMatchObject([{ reason: 'lost' }])
  // Repeats of its own never fill a device's list.
  for (let n = 0; n < COMMANDS_PENDING_MAX + 1; n++) await tell({ ...asked, id: newUuid() })
  expect((await now(second))?.commands).toHaveLength(1)
  const resumed = await tell({ ...asked, type: 'resume', id: newUuid() })
  expect(resumed).toMatchObject(outcome({ told: 2 }))
  expect(await tell({ ...asked, type: 'resume', id: newUuid() })).toMatchObject(outcome({ already: 2 }))
})

test('who told many devices what, by which filter, is one entry of the audit log beside those of the devices', async () => {
  const { tell, storage, fleetId, made } = await fleetOf(2)
  const asked = { type: 'rotate', q: 'platform:android', count: 2, id: newUuid() }
  await tell(asked)
  await tell(asked)
  const { items } = await storage.audit.list(
    { fleetId, action: 'devices.rotate' },
    { limit: 9, cursor: null },
  )
  expect(items).toMatchObject([
    {
      target: asked.id,
      reason: 'a bad release',
      after: { q: asked.q, matched: 2, devices: made.map(({ id }) => id) },
    },
  ])
  const ofDevice = await storage.audit.ofTarget(fleetId, made[0]?.id ?? '', 9)
  expect(ofDevice.filter(({ action }) => action === 'device.rotate')).toMatchObject([
    { after: { orderId: asked.id } },
  ])
})

test('a file of devices misses none that is heard while it is written', async () => {
  const { ctx, between, fleetId, made, oldestIsHeard } = await fleetOf(1_100)
  between.listed = oldestIsHeard
  const load = (query: Record<string, string>) =>
    exportDevices({ ctx, actor: SYSTEM, fleetId, query } as unknown as FleetCall)
  const file = await load({ format: 'ndjson' })
  const lines = (await file.text()).trim().split('\n')
  const ids = lines.map((line) => (JSON.parse(line) as JsonObject)['deviceId'])
  expect(ids.slice(0, -1)).toEqual(made.map(({ id }) => id))
  await expect(load({ sort: 'contact' })).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
})
