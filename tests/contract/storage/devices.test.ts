import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { TOKENS_PER_DEVICE_MAX } from '#lib/protocol/limits.ts'
import { DEPTH_MAX } from '#lib/protocol/report.ts'
import { DEVICE_FIELDS } from '#lib/query/device-fields.ts'
import type { DeviceFilter, DevicePage, DevicePlace, StoredReport } from '#lib/storage/ports.ts'
import { conditionsOf } from '#tests/support/conditions-of.ts'
import { audit, BACKENDS, DAY_MS, deviceOf, makeDevice, makeFleet, NOW_MS, opened } from './world.ts'

const ANY: DeviceFilter = { fromMs: null, toMs: null, conditions: [], nowMs: NOW_MS, intervalMs: 60_000 }
const asked = (q: string): DeviceFilter => ({ ...ANY, conditions: conditionsOf(q, DEVICE_FIELDS) })
const FIRST = { sort: 'contact', limit: 9, after: null } as const
const report = (seq: number, nonce = `nonce-${seq}`): StoredReport => ({
  state: 'idle',
  seq,
  nonce,
  depth: 0,
  oldestMadeAtMs: null,
  byCollection: {},
  offsetMs: null,
  rttMs: null,
  atMs: NOW_MS,
})

describe.each(BACKENDS)('devices on $name', (backend) => {
  const current = opened(backend)
  const contact = { atMs: NOW_MS, appVersion: '1.0.0', platform: 'android', report: null } as const

  it('[EN1] enrolls once: a repeat within a day adds a token, another request finds the id taken', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const device = deviceOf(fleetId, { model: 'M', os: 'O', access: { reports: 'read' } })
    const requestId = randomUUID()
    const enroll = (tokenHash: string, request: string, nowMs: number, of = device) =>
      storage.devices.enroll(
        { device: of, tokenHash, requestId: request, keyId: randomUUID(), nowMs },
        audit('enroll.tried'),
      )
    expect(await enroll('t1', requestId, NOW_MS)).toBe('enrolled')
    expect(await storage.devices.findByToken(fleetId, 't1', NOW_MS)).toEqual(device)
    expect(await storage.devices.findEnrolled(fleetId, requestId, NOW_MS + 1)).toBe(device.id)
    expect(await enroll('t2', requestId, NOW_MS + DAY_MS - 1)).toBe('repeated')
    expect((await storage.devices.findByToken(fleetId, 't1', NOW_MS))?.id).toBe(device.id)
    expect((await storage.devices.findByToken(fleetId, 't2', NOW_MS))?.id).toBe(device.id)
    expect(await enroll('t3', randomUUID(), NOW_MS)).toBe('taken')
    expect(await enroll('t3', requestId, NOW_MS + DAY_MS)).toBe('taken')
    expect(await enroll('t4', requestId, NOW_MS, deviceOf(fleetId))).toBe('taken')
    expect(await storage.devices.findByToken(fleetId, 't3', NOW_MS)).toBeNull()
    expect(await storage.devices.findEnrolled(fleetId, requestId, NOW_MS + DAY_MS)).toBeNull()
    expect(
      (await storage.audit.list({ fleetId: null, action: 'enroll.tried' }, { limit: 9, cursor: null })).items,
    ).toHaveLength(2)
  })

  it('enrolls once out of 10 parallel requests for one id', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const device = deviceOf(fleetId)
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        storage.devices.enroll(
          { device, tokenHash: `p${i}`, requestId: randomUUID(), keyId: randomUUID(), nowMs: NOW_MS },
          audit(),
        ),
      ),
    )
    expect(outcomes.filter((outcome) => outcome === 'enrolled')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'taken')).toHaveLength(9)
  })

  it('[FK1] writes a report that tells nothing new only over the one that it follows', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const other = await makeFleet(storage)
    const ids: string[] = []
    for (let i = 0; i < 4; i++) ids.push((await makeDevice(storage, fleetId)).id)
    const [follows, elsewhere, copied, silent] = ids as [string, string, string, string]
    for (const id of [follows, elsewhere, copied])
      await storage.devices.touch(fleetId, id, { ...contact, report: report(5) })
    await storage.devices.touch(fleetId, elsewhere, { ...contact, report: report(6) })
    await storage.devices.touch(fleetId, copied, { ...contact, report: { ...report(6), nonce: 'of a copy' } })
    const next = { ...report(8), offsetMs: 3, rttMs: 40, atMs: NOW_MS + 900 }
    const quiet = (before: StoredReport, deviceId: string) => ({ deviceId, before, report: next })
    const taken = await storage.devices.touchQuiet(fleetId, [
      quiet(report(5), follows),
      quiet(report(5), elsewhere),
      quiet(report(6), copied),
      quiet(report(5), silent),
      quiet(report(5), randomUUID()),
    ])
    expect(taken).toEqual(new Set([follows]))
    expect(await storage.devices.touchQuiet(other.id, [quiet(next, follows)])).toEqual(new Set())
    expect(await storage.devices.touchQuiet(fleetId, [])).toEqual(new Set())
    const kept = async (id: string) => {
      const device = await storage.devices.get(fleetId, id)
      return [device?.report, device?.lastContactMs]
    }
    expect(await kept(follows)).toEqual([next, NOW_MS + 900])
    expect(await kept(elsewhere)).toEqual([report(6), NOW_MS])
    expect(await kept(copied)).toEqual([{ ...report(6), nonce: 'of a copy' }, NOW_MS])
    expect(await kept(silent)).toEqual([null, null])
    // The next report is measured against this one.
    const jumped = { ...report(9), offsetMs: 9_000, rttMs: 40, atMs: NOW_MS + 1_000 }
    expect(await storage.devices.touch(fleetId, follows, { ...contact, report: jumped })).toBe('ok')
    const { clockJumps } = (await storage.devices.get(fleetId, follows)) ?? {}
    expect(clockJumps).toMatchObject({ count: 1, last: { fromOffsetMs: 3, toOffsetMs: 9_000 } })
    expect(await storage.devices.touch(fleetId, follows, { ...contact, report: report(8) })).toBe('forked')
  })

  it('[EN1] keeps the newest tokens of a device that enrolls again and again', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const device = deviceOf(fleetId)
    const requestId = randomUUID()
    for (let i = 0; i <= TOKENS_PER_DEVICE_MAX; i++) {
      const input = { device, tokenHash: `n${i}`, requestId, keyId: randomUUID(), nowMs: NOW_MS + i }
      await storage.devices.enroll(input, audit())
    }
    const isGood = async (hash: string) => (await storage.devices.findByToken(fleetId, hash, NOW_MS)) !== null
    expect([await isGood('n0'), await isGood('n1'), await isGood(`n${TOKENS_PER_DEVICE_MAX}`)]).toEqual([
      false,
      true,
      true,
    ])
  })

  it('[EN1] rotates a token: the one that asked lives to its end, the new one on', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id } = await makeDevice(storage, fleetId)
    const rotate = (askedBy: string, hash: string, atMs: number) =>
      storage.devices.rotateToken(fleetId, id, askedBy, hash, NOW_MS + atMs, NOW_MS + atMs + 100, audit())
    await rotate('none', 'old', 0)
    await rotate('old', 'new-1', 1)
    // A copy of the request, later than its answer.
    await rotate('old', 'copy', 50)
    await rotate('new-1', 'new-2', 100)
    const live = async (hash: string, ms: number) =>
      (await storage.devices.findByToken(fleetId, hash, NOW_MS + ms)) !== null
    expect([await live('old', 100), await live('old', 101)]).toEqual([true, false])
    expect([await live('new-1', 199), await live('new-1', 200), await live('new-2', 9_999)]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('[EN1] a late copy of a rotation ends no newer token, whatever the clock of its process says', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id } = await makeDevice(storage, fleetId)
    const rotate = (askedBy: string, hash: string, atMs: number) =>
      storage.devices.rotateToken(fleetId, id, askedBy, hash, NOW_MS + atMs, NOW_MS + DAY_MS, audit())
    await rotate('none', 'old', 0)
    // By a process whose clock is behind the one that enrolled it.
    await rotate('old', 'new', -5_000)
    await rotate('old', 'copy', 50)
    const live = async (hash: string) =>
      (await storage.devices.findByToken(fleetId, hash, NOW_MS + DAY_MS)) !== null
    expect([await live('old'), await live('new')]).toEqual([false, true])
    await rotate('new', 'newest', 60)
    expect([await live('new'), await live('copy'), await live('newest')]).toEqual([false, false, true])
  })

  it('takes reports in order, a retry once more, and finds a fork', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id } = await makeDevice(storage, fleetId)
    const touch = (told: StoredReport | null, atMs = NOW_MS) =>
      storage.devices.touch(fleetId, id, { ...contact, atMs, report: told })
    expect(await touch(null)).toBe('ok')
    expect(await storage.devices.get(fleetId, id)).toMatchObject({ report: null, lastContactMs: NOW_MS })
    expect(await touch(report(5), NOW_MS + 1)).toBe('ok')
    expect(await touch(report(5), NOW_MS + 2)).toBe('ok')
    expect(await touch(report(5, 'another-nonce'), NOW_MS + 90)).toBe('forked')
    expect(await touch(report(4), NOW_MS + 90)).toBe('forked')
    expect(await storage.devices.get(fleetId, id)).toMatchObject({
      report: report(5),
      lastContactMs: NOW_MS + 2,
    })
    expect(await touch(report(6, 'nul\u0000nul'), NOW_MS + 1)).toBe('ok')
    expect(await storage.devices.get(fleetId, id)).toMatchObject({
      report: { seq: 6, nonce: 'nul\u0000nul' },
      lastContactMs: NOW_MS + 2,
    })
    expect(await storage.devices.touch(fleetId, randomUUID(), contact)).toBe('unknown')
  })

  it('pages by last contact without gap or repeat, the never seen last', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    for (let i = 0; i < 17; i++) {
      await makeDevice(storage, fleetId, { lastContactMs: i % 4 === 0 ? null : NOW_MS + (i % 3) })
    }
    const seen: (number | null)[] = []
    const ids = new Set<string>()
    for (let after: DevicePlace | null = null, more = true; more;) {
      const page: DevicePage = await storage.devices.list(fleetId, ANY, { sort: 'contact', limit: 4, after })
      for (const device of page.items) {
        seen.push(device.lastContactMs)
        ids.add(device.id)
      }
      after = page.next
      more = page.next !== null
    }
    expect([seen.length, ids.size]).toEqual([17, 17])
    expect(seen).toEqual([...seen].sort((a, b) => (b ?? 0) - (a ?? 0)))
  })

  it('filters by state, with the silent as offline, by platform, version and text', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const silent = await makeDevice(storage, fleetId, { name: '100%_Silent', lastContactMs: NOW_MS - DAY_MS })
    const never = await makeDevice(storage, fleetId, { platform: 'ios' })
    const idle = await makeDevice(storage, fleetId, { name: 'Idle \\ one', appVersion: '2.0' })
    await storage.devices.touch(fleetId, idle.id, { ...contact, appVersion: '2.0', report: report(1) })
    const list = async (q: string) => {
      const page = await storage.devices.list(fleetId, asked(q), FIRST)
      return page.items.map((device) => device.id)
    }
    expect(await list('state:offline')).toEqual([silent.id])
    expect(await list('state:unheard')).toEqual([never.id])
    expect(await list('state:idle,pushing')).toEqual([idle.id])
    expect(await list('platform:ios')).toEqual([never.id])
    expect(await list('version:2.0')).toEqual([idle.id])
    expect(await list('100%_s')).toEqual([silent.id])
    expect(await list('"\\\\ ONE"')).toEqual([idle.id])
    expect(await list(never.id.slice(0, 13))).toEqual([never.id])
    expect(await list(`"%' OR 1=1 --"`)).toEqual([])
    expect(await storage.devices.byId(fleetId, null, 9)).toHaveLength(3)
  })

  it('finds the devices that last told of changes waiting, whatever their reports hold beside', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const told = async (depth: number, nonce: string, byCollection: Record<string, number> = {}) => {
      const device = await makeDevice(storage, fleetId)
      const now = { ...report(1, nonce), depth, byCollection }
      expect(await storage.devices.touch(fleetId, device.id, { ...contact, report: now })).toBe('ok')
      return device.id
    }
    const waiting = [
      await told(12, 'a'),
      await told(1, '\0 \ud800 "depth":0', { depth: 0 }),
      await told(DEPTH_MAX, '"depth":0,'),
    ]
    await told(0, '"depth":7', { depth: 7 })
    await makeDevice(storage, fleetId)
    const revoked = await told(3, 'r')
    const order = { command: null, status: 'revoked', nowMs: NOW_MS } as const
    await storage.devices.command(fleetId, revoked, order, audit('device.revoke', { fleetId }))
    const list = async (q: string) => {
      const page = await storage.devices.list(fleetId, asked(q), FIRST)
      return page.items.map(({ id }) => id)
    }
    expect((await list('has:waiting')).sort()).toEqual(waiting.sort())
    expect(await list('has:waiting platform:ios')).toEqual([])
    expect(await list('')).toHaveLength(6)
    expect(await list('-has:waiting')).toHaveLength(3)
  })

  it('sets the status of a known device, with its audit entry', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id } = await makeDevice(storage, fleetId)
    const entry = audit('device.revoke', { fleetId })
    const order = { command: null, status: 'revoked', nowMs: NOW_MS } as const
    expect(await storage.devices.command(fleetId, id, order, entry)).toMatchObject({ status: 'revoked' })
    expect(await storage.devices.command(fleetId, id, order, entry)).toBe('revoked')
    expect((await storage.devices.get(fleetId, id))?.status).toBe('revoked')
    expect(await storage.devices.command(fleetId, randomUUID(), order, entry)).toBe('unknown')
    expect(
      (await storage.audit.list({ fleetId, action: 'device.revoke' }, { limit: 9, cursor: null })).items,
    ).toMatchObject([entry])
  })

  it('[EN1] keeps the newest tokens of a device that rotates again and again', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id } = await makeDevice(storage, fleetId)
    const hashes = Array.from({ length: TOKENS_PER_DEVICE_MAX + 2 }, () => randomUUID())
    for (const [i, hash] of hashes.entries())
      await storage.devices.rotateToken(fleetId, id, 'nobody’s', hash, NOW_MS + i, NOW_MS + DAY_MS, audit())
    const found = await Promise.all(hashes.map((hash) => storage.devices.findByToken(fleetId, hash, NOW_MS)))
    expect(found.map((device) => device !== null)).toEqual(hashes.map((_, i) => i >= 2))
  })

  it('keeps enrollment keys and finds them by hash', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const key = {
      id: randomUUID(),
      fleetId,
      name: 'Field',
      hash: randomUUID(),
      access: { a: 'read' },
      createdAtMs: NOW_MS,
      expiresAtMs: NOW_MS + 9,
      revokedAtMs: null,
      lastUsedMs: null,
      maxDevices: 7,
      devices: 0,
    } as const
    await storage.enrollmentKeys.createKey(key, audit())
    expect(await storage.enrollmentKeys.findKey(fleetId, key.hash)).toEqual(key)
    expect(await storage.enrollmentKeys.listKeys(fleetId)).toEqual([key])
    const changed = { ...key, name: 'other', expiresAtMs: NOW_MS + 1, revokedAtMs: NOW_MS }
    await Promise.all([
      storage.enrollmentKeys.updateKey(fleetId, key.id, (row) => ({
        next: { ...row, name: 'other', expiresAtMs: NOW_MS + 1 },
        audit: audit(),
      })),
      storage.enrollmentKeys.updateKey(fleetId, key.id, (row) => ({
        next: { ...row, revokedAtMs: NOW_MS },
        audit: audit(),
      })),
    ])
    expect(await storage.enrollmentKeys.findKey(fleetId, key.hash)).toEqual(changed)
    const change = () => ({ next: changed, audit: audit() })
    expect(await storage.enrollmentKeys.updateKey(fleetId, randomUUID(), change)).toBeNull()
    const other = await makeFleet(storage)
    expect(await storage.enrollmentKeys.findKey(other.id, key.hash)).toBeNull()
  })

  it('counts the devices that a key enrolls, and lets no more in than it may, also at once', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const key = {
      id: randomUUID(),
      fleetId,
      name: 'Field',
      hash: randomUUID(),
      access: {},
      createdAtMs: NOW_MS,
      expiresAtMs: null,
      revokedAtMs: null,
      lastUsedMs: null,
      maxDevices: 2,
      devices: 0,
    }
    await storage.enrollmentKeys.createKey(key, audit())
    const enroll = (device = deviceOf(fleetId), requestId: string = randomUUID()) =>
      storage.devices.enroll(
        { device, tokenHash: randomUUID(), requestId, keyId: key.id, nowMs: NOW_MS + 3 },
        audit(),
      )
    const [first, requestId] = [deviceOf(fleetId), randomUUID()]
    expect(await enroll(first, requestId)).toBe('enrolled')
    // What makes no device uses nothing up.
    expect([await enroll(first, requestId), await enroll(first)]).toEqual(['repeated', 'taken'])
    const many = await Promise.all([enroll(), enroll(), enroll()])
    expect(many.sort()).toEqual(['enrolled', 'used_up', 'used_up'])
    expect(await enroll(first, requestId)).toBe('repeated')
    expect(await storage.enrollmentKeys.findKey(fleetId, key.hash)).toEqual({
      ...key,
      devices: 2,
      lastUsedMs: NOW_MS + 3,
    })
    expect(await storage.devices.countEnrolled(fleetId)).toBe(2)
  })
})
