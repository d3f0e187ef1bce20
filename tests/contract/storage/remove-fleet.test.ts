import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import type { Storage } from '#lib/storage/ports.ts'
import { FLEET_TABLES } from '#lib/storage/prisma/maintenance.ts'
import {
  audit,
  BACKENDS,
  collectionOf,
  commitRecords,
  DAY_MS,
  deviceOf,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
} from './world.ts'

const BATCHES = { size: 100, rounds: 10 }

async function fleetInUse(storage: Storage) {
  const { id: fleetId } = await makeFleet(storage)
  const { id: deviceId } = await makeDevice(storage, fleetId)
  await storage.collections.create(collectionOf(fleetId), audit())
  await commitRecords(storage, fleetId, deviceId, 3)
  const revoke = () =>
    storage.devices.command(fleetId, deviceId, { command: null, status: 'revoked', nowMs: NOW_MS }, audit())
  return { storage, fleetId, revoke }
}

describe.each(BACKENDS)('removing a fleet on $name', (backend) => {
  const current = opened(backend)

  it('waits for its devices to be revoked, ends its keys and roles, and leaves nothing behind', async () => {
    const { storage } = current()
    const { fleetId, revoke } = await fleetInUse(storage)
    const other = await fleetInUse(storage)
    const key = {
      id: randomUUID(),
      name: 'k',
      hash: randomUUID(),
      role: 'viewer',
      fleetId,
      scopes: [],
      createdAtMs: NOW_MS,
      expiresAtMs: null,
      revokedAtMs: null,
      lastUsedMs: null,
      lastUsedAddress: null,
    } as const
    await storage.access.createApiKey(key, audit())
    const user = {
      id: randomUUID(),
      email: `${randomUUID()}@example.org`,
      name: 'Ada',
      passwordHash: null,
      disabled: false,
      removedAtMs: null,
      createdAtMs: NOW_MS,
      roles: { [fleetId]: 'admin', [other.fleetId]: 'viewer' },
    } as const
    await storage.access.createUser(user, audit())

    expect(await storage.fleets.remove(fleetId, NOW_MS, audit())).toBe('devices_enrolled')
    expect(await storage.devices.countEnrolled(fleetId)).toBe(1)
    await revoke()
    expect(await storage.devices.countEnrolled(fleetId)).toBe(0)
    expect(await storage.fleets.remove(randomUUID(), NOW_MS, audit())).toBe('unknown')
    expect(await storage.fleets.remove(fleetId, NOW_MS, audit('fleet.remove', { fleetId }))).toBe('removed')
    expect(await storage.fleets.get(fleetId)).toBeNull()
    expect(await storage.access.findApiKey(key.hash, NOW_MS, null)).toBeNull()
    expect((await storage.access.getUser(user.id))?.roles).toEqual({ [other.fleetId]: 'viewer' })
    const device = deviceOf(fleetId)
    const late = { device, tokenHash: 't', requestId: randomUUID(), keyId: randomUUID(), nowMs: NOW_MS }
    expect(await storage.devices.enroll(late, audit())).toBe('gone')

    await storage.maintenance.purgeRemovedFleets(NOW_MS, BATCHES)
    expect(await storage.devices.byId(fleetId, null, 9)).toEqual([])
    expect(await storage.collections.list(fleetId)).toEqual([])
    expect(await storage.devices.byId(other.fleetId, null, 9)).toHaveLength(1)
    const told = { fleetId, action: 'fleet.remove' }
    expect((await storage.audit.list(told, { limit: 9, cursor: null })).items).toHaveLength(1)
    // Looked at for a day more, then its id goes too.
    for (const atMs of [NOW_MS, NOW_MS + DAY_MS + 1, NOW_MS + DAY_MS + 1])
      expect(await storage.maintenance.purgeRemovedFleets(atMs, BATCHES)).toEqual({ deleted: 0, more: false })
  })
})

describe('removing a fleet on PostgreSQL', () => {
  const current = opened(BACKENDS[1] as (typeof BACKENDS)[number])

  it('empties every table that holds rows of fleets', async () => {
    const { storage } = current()
    const { fleetId, revoke } = await fleetInUse(storage)
    await revoke()
    await storage.fleets.remove(fleetId, NOW_MS, audit())
    const owner = new pg.Client({ connectionString: current().url ?? '' })
    await owner.connect()
    const { rows } = await owner.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attname = 'fleet_id'
         AND c.relname NOT IN ('telemetry_event', 'sync_session')`,
    )
    const rowsLeft = async (): Promise<number> => {
      const asked = rows.map(({ name }) => `SELECT count(*) AS n FROM ${name} WHERE fleet_id = '${fleetId}'`)
      const counts = await owner.query<{ n: string }>(asked.join(' UNION ALL '))
      return counts.rows.reduce((sum, { n }) => sum + Number(n), 0)
    }
    expect(rows.map(({ name }) => name).sort()).toEqual(FLEET_TABLES)
    const before = await rowsLeft()
    const { deleted } = await storage.maintenance.purgeRemovedFleets(NOW_MS, BATCHES)
    expect([before > 0, deleted >= before, await rowsLeft()]).toEqual([true, true, 0])
    await owner.end()
  })
})
