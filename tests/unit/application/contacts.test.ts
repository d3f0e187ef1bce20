import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Context } from '#lib/application/context.ts'
import type { App } from '#lib/application/devices/contacts.ts'
import { noteContact } from '#lib/application/devices/heartbeat.ts'
import { storedReport } from '#lib/application/devices/report-times.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { Device, Storage } from '#lib/storage/ports.ts'
import { cases } from '#tests/support/cases.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'

const START_MS = Date.UTC(2026, 10, 26)
const APP: App = { appVersion: '1.2.0', platform: 'ios' }
const DAY: DeviceReport = {
  state: 'pulling',
  seq: 1,
  nonce: 'first',
  outbox: { depth: 0 },
  clock: { offsetMs: 0, rttMs: 10 },
}

/** A fleet over memory, whose devices are told apart by what the storage keeps of them. */
async function world() {
  const clock = { nowMs: START_MS, now: () => clock.nowMs }
  const storage = openMemoryStorage()
  const app = testApp(storage, undefined, clock)
  const fleet = await testFleet(app)
  const device = async (of = fleet): Promise<Device> => {
    const { id } = await TestDevice.enroll(app, of)
    const found = await storage.devices.get(of.fleetId, id)
    if (!found) throw new Error('it was enrolled')
    return found
  }
  const kept = async ({ fleetId, id }: Device): Promise<Partial<Device>> => {
    const { report, clockJumps, lastContactMs, appVersion } = (await storage.devices.get(
      fleetId,
      id,
    )) as Device
    return { report, clockJumps, lastContactMs, appVersion }
  }
  return { clock, storage, app, device, kept }
}

/** How often each of these was called. */
function counted(storage: Storage): { readonly storage: Storage; readonly calls: Map<string, number> } {
  const calls = new Map<string, number>()
  const count =
    <A extends unknown[], R>(name: string, method: (...args: A) => R) =>
    (...args: A): R => {
      calls.set(name, (calls.get(name) ?? 0) + 1)
      return method(...args)
    }
  const { touch, touchQuiet } = storage.devices
  const devices = {
    ...storage.devices,
    touch: count('touch', touch),
    touchQuiet: count('touchQuiet', touchQuiet),
  }
  return { storage: { ...storage, devices }, calls }
}

const outcomeOf = (told: Promise<unknown>): Promise<string> =>
  told.then(
    () => 'ok',
    (error: { tidemarkCode: string }) => error.tidemarkCode,
  )

/** What a process answers to a quiet report of this device. */
const sayerOf =
  (device: Device) =>
  (ctx: Context, seq: number, nonce: string): Promise<string> =>
    outcomeOf(noteContact(ctx, device, APP, { ...DAY, seq, nonce }))

const step = fc.record({
  gap: fc.constantFrom(1, 1, 1, 1, 1, 0, 2, -1),
  sameNonce: fc.boolean(),
  offsetMs: fc.constantFrom(0, 0, 0, 900, -900, 1_800, 5_000, null),
  rttMs: fc.constantFrom(10, 10, 400),
  depth: fc.constantFrom(0, 0, 0, 0, 3),
  state: fc.constantFrom('pulling', 'pulling', 'pulling', 'idle'),
  appVersion: fc.constantFrom('1.2.0', '1.2.0', '1.2.0', '1.3.0'),
  waitMs: fc.nat(3_000),
  flush: fc.boolean(),
})

describe('what devices told last', () => {
  it('[CL2] [FK1] is at every flush as if each report had been written by itself, forks and steps of the clock included', async () => {
    const { clock, storage, app, device, kept } = await world()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const [quiet, plain] = [await device(), await device()]
        let seq = 10
        let nonce = 'n'
        for (const [i, { gap, sameNonce, offsetMs, rttMs, depth, state, ...now }] of steps.entries()) {
          clock.nowMs += now.waitMs
          seq += gap
          if (!sameNonce) nonce = `n${i}`
          const clockPart = offsetMs === null ? {} : { clock: { offsetMs, rttMs } }
          const report = { state, seq, nonce, outbox: { depth }, ...clockPart } as DeviceReport
          const named = { appVersion: now.appVersion, platform: 'ios' } as const
          const told = await outcomeOf(noteContact(app.ctx, quiet, named, report))
          const contact = { ...named, atMs: clock.nowMs, report: storedReport(report, clock.nowMs) }
          const written = await storage.devices.touch(plain.fleetId, plain.id, contact)
          expect(told).toBe(written === 'forked' ? 'device_forked' : written)
          if (told !== 'ok') seq += 5
          if (now.flush) await app.ctx.contacts.flush()
          if (now.flush && told === 'ok') expect(said(await kept(quiet))).toEqual(said(await kept(plain)))
        }
        await app.ctx.contacts.flush()
        expect(said(await kept(quiet))).toEqual(said(await kept(plain)))
      }),
      { numRuns: cases(200) },
    )
  })

  it('is written in one statement for all devices that said nothing new, and by itself when it says more', async () => {
    const { clock, storage, app, device, kept } = await world()
    const watched = counted(storage)
    const ctx = testApp(watched.storage, undefined, clock).ctx
    const devices = [await device(), await device(), await device()]
    for (const one of devices) expect(await noteContact(ctx, one, APP, DAY)).toBe(false)
    for (let seq = 2; seq <= 4; seq++) {
      clock.nowMs += 100
      for (const one of devices)
        expect(await noteContact(ctx, one, APP, { ...DAY, seq, nonce: `${seq}` })).toBe(true)
    }
    expect(watched.calls).toEqual(new Map([['touch', 3]]))
    await ctx.contacts.flush()
    await ctx.contacts.flush()
    expect(watched.calls).toEqual(
      new Map([
        ['touch', 3],
        ['touchQuiet', 1],
      ]),
    )
    const [first, ...others] = devices as [Device, ...Device[]]
    expect(await kept(first)).toMatchObject({ report: { seq: 4 }, lastContactMs: START_MS + 300 })
    expect(await noteContact(ctx, first, APP, { ...DAY, seq: 5, nonce: '5', outbox: { depth: 1 } })).toBe(
      true,
    )
    expect(await kept(first)).toMatchObject({ report: { seq: 5, depth: 1 } })
    for (const one of others) expect(await kept(one)).toMatchObject({ report: { seq: 4 } })
    await app.ctx.contacts.flush()
  })

  it('[FK1] a copy that speaks to another process is told by its second report', async () => {
    const { clock, storage, app, device } = await world()
    const elsewhere = testApp(storage, undefined, clock).ctx
    const one = await device()
    const say = sayerOf(one)
    for (let seq = 1; seq <= 5; seq++) expect(await say(app.ctx, seq, `own ${seq}`)).toBe('ok')
    await app.ctx.contacts.flush()
    for (let seq = 6; seq <= 8; seq++) expect(await say(app.ctx, seq, `own ${seq}`)).toBe('ok')
    // The copy was made at 5; what the other process has heard since is not written yet.
    expect(await say(elsewhere, 6, 'copy 6')).toBe('ok')
    await app.ctx.contacts.flush()
    const after = [await say(app.ctx, 9, 'own 9'), await say(elsewhere, 7, 'copy 7')]
    await elsewhere.contacts.flush()
    after.push(await say(elsewhere, 8, 'copy 8'))
    expect(after).toContain('device_forked')
  })

  it('[FK1] a copy in step with its original is found, though each speaks to a process of its own', async () => {
    const { clock, storage, app, device } = await world()
    const elsewhere = testApp(storage, undefined, clock).ctx
    const one = await device()
    const say = sayerOf(one)
    expect(await say(app.ctx, 1, 'both')).toBe('ok')
    expect(await say(elsewhere, 1, 'both')).toBe('ok')
    const told: string[] = []
    for (let seq = 2; seq <= 5; seq++) {
      told.push(await say(app.ctx, seq, `own ${seq}`), await say(elsewhere, seq, `copy ${seq}`))
      await app.ctx.contacts.flush()
      await elsewhere.contacts.flush()
    }
    expect(told).toContain('device_forked')
  })

  it('[FK1] a device that moved on to another process is no copy', async () => {
    const { clock, storage, app, device } = await world()
    const elsewhere = testApp(storage, undefined, clock).ctx
    const one = await device()
    for (let seq = 1; seq <= 3; seq++)
      await noteContact(app.ctx, one, APP, { ...DAY, seq, nonce: `own ${seq}` })
    await noteContact(elsewhere, one, APP, { ...DAY, seq: 4, nonce: 'own 4' })
    await app.ctx.contacts.flush()
    expect(await noteContact(app.ctx, one, APP, { ...DAY, seq: 5, nonce: 'own 5' })).toBe(false)
  })

  it('keeps no device waiting whose fleet can be written while the rows of another are locked', async () => {
    const { clock, storage, app, device, kept } = await world()
    const [locked, free] = [await device(), await device(await testFleet(app))]
    let unlock = (): void => undefined
    const lock = new Promise<void>((resolve) => (unlock = resolve))
    const touchQuiet: Storage['devices']['touchQuiet'] = async (fleetId, ...rest) => {
      if (fleetId === locked.fleetId) await lock
      return storage.devices.touchQuiet(fleetId, ...rest)
    }
    const { ctx } = testApp({ ...storage, devices: { ...storage.devices, touchQuiet } }, undefined, clock)
    for (const one of [locked, free])
      for (const seq of [1, 2]) await noteContact(ctx, one, APP, { ...DAY, seq, nonce: `${seq}` })
    const flushed = ctx.contacts.flush()
    await noteContact(ctx, free, APP, { ...DAY, seq: 3, nonce: '3' })
    await ctx.contacts.settle(free)
    expect(await kept(free)).toMatchObject({ report: { seq: 3 } })
    expect(await kept(locked)).toMatchObject({ report: { seq: 1 } })
    unlock()
    await flushed
    expect(await kept(locked)).toMatchObject({ report: { seq: 2 } })
  })

  it('is written once more for all who ask while a write is under way, and fails for all of them', async () => {
    const { clock, storage, device } = await world()
    const failures: ((error: Error) => void)[] = []
    const touchQuiet: Storage['devices']['touchQuiet'] = () =>
      new Promise((_, reject) => void failures.push(reject))
    const { ctx } = testApp({ ...storage, devices: { ...storage.devices, touchQuiet } }, undefined, clock)
    const devices = [await device(), await device(), await device(), await device()]
    for (const one of devices)
      for (const seq of [1, 2]) await noteContact(ctx, one, APP, { ...DAY, seq, nonce: `${seq}` })
    const settled = [outcomeOf(ctx.contacts.flush())]
    await expect.poll(() => failures).toHaveLength(1)
    settled.push(...devices.map((one) => outcomeOf(ctx.contacts.settle(one))))
    for (let written = 1; written <= 2; written++) {
      await expect.poll(() => failures).toHaveLength(written)
      failures.at(-1)?.(Object.assign(new Error('away'), { tidemarkCode: 'away' }))
    }
    expect(new Set(await Promise.all(settled))).toEqual(new Set(['away']))
    expect(failures).toHaveLength(2)
  })

  it('waits for a database that is away, and goes on when it is back', async () => {
    const { clock, storage, device, kept } = await world()
    let isAway = false
    const touchQuiet: Storage['devices']['touchQuiet'] = (...args) =>
      isAway ? Promise.reject(new Error('away')) : storage.devices.touchQuiet(...args)
    const { ctx } = testApp({ ...storage, devices: { ...storage.devices, touchQuiet } }, undefined, clock)
    const one = await device()
    await noteContact(ctx, one, APP, DAY)
    isAway = true
    expect(await noteContact(ctx, one, APP, { ...DAY, seq: 2, nonce: '2' })).toBe(true)
    await expect(ctx.contacts.flush()).rejects.toThrow('away')
    expect(await noteContact(ctx, one, APP, { ...DAY, seq: 3, nonce: '3' })).toBe(true)
    isAway = false
    await ctx.contacts.flush()
    expect(await kept(one)).toMatchObject({ report: { seq: 3 } })
  })
})

const said = ({ report, clockJumps, lastContactMs, appVersion }: Partial<Device>): object => ({
  report,
  jumps: clockJumps?.count ?? 0,
  last: clockJumps?.last ?? null,
  lastContactMs,
  appVersion,
})
