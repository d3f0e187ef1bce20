import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { APP_VERSIONS_LIVE_MAX } from '#lib/protocol/limits.ts'
import { SESSION_STATES } from '#lib/protocol/session-states.ts'
import type { Device, Storage } from '#lib/storage/ports.ts'
import { fleetNow } from '#lib/telemetry/fleet-now.ts'
import { audit, BACKENDS, commit, makeDevice, makeFleet, NOW_MS, opened, sessionOf } from './world.ts'

const MINUTE = 60_000
const DEVICES = 250

/** Few versions that many share, and more than are told that one or two have; ages that often are equal. */
const versions = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('2.4.9', '2.4.10', '3.0.0 \\u0041') },
  { weight: 2, arbitrary: fc.nat({ max: 400 }).map((n) => `1.0.${n}`) },
)
const before = (maxMs: number) => fc.nat({ max: maxMs / MINUTE }).map((minutes) => NOW_MS - minutes * MINUTE)
const population = fc.record({
  appVersion: versions,
  contactMs: fc.option(before(90 * MINUTE), { freq: 12 }),
  sessionOk: fc.boolean(),
  pushed: fc.boolean(),
  report: fc.option(
    fc.record({
      state: fc.constantFrom(...SESSION_STATES),
      depth: fc.constantFrom(0, 0, 1, 2_000),
      // Also after the report that told of it: clocks are corrected, not perfect.
      oldestMadeAtMs: fc.option(before(60 * MINUTE).map((atMs) => atMs + 5 * MINUTE)),
      offsetMs: fc.option(fc.integer({ min: -500, max: 500 })),
    }),
  ),
  command: fc.constantFrom(null, null, null, null, 'pause', 'revoke'),
})
/** At once: none waits for a connection for as long as a busy machine may take for all. */
const LANES = 8
type Member = typeof population extends fc.Arbitrary<infer T> ? T : never

async function enroll(storage: Storage, fleetId: string, member: Member): Promise<void> {
  const { appVersion, contactMs, command } = member
  const { id, platform } = await makeDevice(storage, fleetId, { appVersion, name: `Tablet \0 ${appVersion}` })
  if (member.sessionOk) await storage.sessions.store(fleetId, [sessionOf(fleetId, id)], [])
  if (contactMs !== null) {
    const told = {
      seq: 1,
      nonce: '\0 \ud800',
      byCollection: { atMs: 4, depth: 3 },
      rttMs: 9,
      atMs: contactMs,
    }
    const report = member.report && { ...told, ...member.report }
    if (report && member.pushed)
      await commit(storage, fleetId, () => [], { reports: [{ deviceId: id, appVersion, platform, report }] })
    else await storage.devices.touch(fleetId, id, { atMs: contactMs, appVersion, platform, report })
  }
  if (command === null) return
  const status = command === 'pause' ? 'paused' : 'revoked'
  const order = { command: null, status, nowMs: NOW_MS } as const
  await storage.devices.command(fleetId, id, order, audit(`device.${command}`, { fleetId }))
}

describe.each(BACKENDS)('how a fleet stands now, on $name', (backend) => {
  const current = opened(backend)

  it('is what its devices one by one add up to', { timeout: 120_000 }, async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const other = await makeFleet(storage)
    await makeDevice(storage, other.id, { appVersion: '9.9.9' })
    const members = fc.sample(population, { numRuns: DEVICES, seed: 20_261_126 })
    const enrollLane = async (_: unknown, lane: number): Promise<void> => {
      for (let i = lane; i < members.length; i += LANES) await enroll(storage, fleetId, members[i] as Member)
    }
    await Promise.all(Array.from({ length: LANES }, enrollLane))
    const all = await storage.devices.byId(fleetId, null, DEVICES + 1)
    expect(all).toHaveLength(DEVICES)
    for (const [nowMs, intervalMs] of [
      [NOW_MS, MINUTE],
      [NOW_MS, 8 * MINUTE],
      [NOW_MS + 9 * MINUTE, MINUTE],
      [NOW_MS + 15 * MINUTE + 1, MINUTE],
      [NOW_MS - 30 * MINUTE, MINUTE],
    ] as const) {
      const now = await storage.devices.now(fleetId, nowMs, intervalMs)
      expect(now).toEqual(fleetNow(all, nowMs, intervalMs))
      expect(now.versions).toHaveLength(APP_VERSIONS_LIVE_MAX)
    }
    const { devices } = await storage.devices.now(fleetId, NOW_MS, MINUTE)
    const counts = [devices.neverHeard, devices.paused, devices.offline - devices.silent, devices.silent]
    expect(counts.every((count) => count > 0)).toBe(true)
    expect(devices.oldestPending).not.toEqual(devices.oldestWaiting)
  })

  it('is nothing of a fleet without devices', async () => {
    const { storage } = current()
    expect(await storage.devices.now(randomUUID(), NOW_MS, MINUTE)).toEqual(fleetNow([], NOW_MS, MINUTE))
  })

  it('lets a whole fleet be read a page at a time, each device once', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const made = await Promise.all(Array.from({ length: 7 }, () => makeDevice(storage, fleetId)))
    const read: Device[] = []
    for (let page: readonly Device[] = []; read.length === 0 || page.length === 3; read.push(...page))
      page = await storage.devices.byId(fleetId, read.at(-1)?.id ?? null, 3)
    expect(read.map(({ id }) => id)).toEqual(made.map(({ id }) => id).sort())
  })
})
