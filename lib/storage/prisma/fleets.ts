import { assert } from '#lib/kernel/result.ts'
import type { Fleet, FleetPort, FleetSettings } from '../ports.ts'
import { insertAudit } from './audit.ts'
import { forgetControlsOfFleet } from './breakers.ts'
import { forgetNotificationsOfFleet } from './outbox.ts'
import type { Database, Statement } from './database.ts'
import type { Fleet as FleetRow } from './generated/client.ts'
import { sqlState } from './storage-errors.ts'
import { at, fromJson, ms } from './values.ts'

const UNIQUE_VIOLATION = '23505'

const CREATE: Statement = {
  name: 'fleet_create',
  text: `INSERT INTO fleet (id, name, epoch, config_version, settings, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING RETURNING id`,
}
/** Asked with every page and every pillar: in one round trip, where Prisma's transaction takes four. */
const GET: Statement = {
  name: 'fleet_get',
  text: `SELECT id, name, epoch, epoch_before AS "epochBefore", config_version AS "configVersion", settings, created_at AS "createdAt" FROM fleet WHERE id = $1`,
}
const UPDATE: Statement = {
  name: 'fleet_update',
  text: `UPDATE fleet SET name = $2, settings = $3, config_version = $4
    WHERE id = $1 AND config_version = $4 - 1 RETURNING id`,
}
const RAISE: Statement = {
  name: 'fleet_raise_epoch',
  text: `UPDATE fleet SET epoch = greatest(epoch + 1, $2::int), epoch_before = epoch,
    config_version = greatest(config_version + 1, $3::int) WHERE id = $1 RETURNING epoch`,
}

const LOCK: Statement = { name: 'fleet_lock', text: 'SELECT FROM fleet WHERE id = $1 FOR UPDATE' }
const ENROLLED: Statement = {
  name: 'fleet_enrolled',
  text: `SELECT FROM device WHERE fleet_id = $1 AND status <> 'revoked' LIMIT 1`,
}
const REMOVE: readonly Statement[] = [
  { name: 'fleet_remove', text: 'DELETE FROM fleet WHERE id = $1' },
  { name: 'fleet_remove_roles', text: 'DELETE FROM user_role WHERE scope = $1::text' },
]
const END_KEYS: Statement = {
  name: 'fleet_end_keys',
  text: 'UPDATE api_key SET revoked_at = $2 WHERE scope_fleet_id = $1 AND revoked_at IS NULL',
}
const NOTE_REMOVED: Statement = {
  name: 'fleet_note_removed',
  text: 'INSERT INTO removed_fleet (id, removed_at) VALUES ($1, $2)',
}

export function postgresFleets(database: Database): FleetPort {
  return {
    create: (fleet, audit) =>
      database.inGlobal(async (send) => {
        const { id, name, epoch, configVersion, settings, createdAtMs } = fleet
        const made = await send(CREATE, [
          id,
          name,
          epoch,
          configVersion,
          JSON.stringify(settings),
          at(createdAtMs),
        ])
        if (made.length === 0) return 'name_taken'
        await insertAudit(send, audit)
        return 'created'
      }),
    get: async (fleetId) => {
      const [row] = await database.oneGlobal<FleetRow>(GET, [fleetId])
      return row ? fleetOf(row) : null
    },
    list: async () => {
      const rows = await database.prismaInGlobal((tx) => tx.fleet.findMany({ orderBy: { name: 'asc' } }))
      return rows.map(fleetOf)
    },
    update: async ({ id, name, settings, configVersion }, audit) => {
      try {
        return await database.inGlobal(async (send) => {
          const saved = await send(UPDATE, [id, name, JSON.stringify(settings), configVersion])
          if (saved.length === 0) return 'stale'
          await insertAudit(send, audit)
          return 'updated'
        })
      } catch (error) {
        if (sqlState(error) === UNIQUE_VIOLATION) return 'name_taken'
        throw error
      }
    },
    remove: (fleetId, atMs, audit) =>
      database.inFleet(fleetId, async (send) => {
        // An enrollment holds the row too (enroll.ts): either it is seen here, or it finds no fleet.
        if ((await send(LOCK, [fleetId])).length === 0) return 'unknown'
        if ((await send(ENROLLED, [fleetId])).length > 0) return 'devices_enrolled'
        for (const statement of REMOVE) await send(statement, [fleetId])
        await forgetControlsOfFleet(send, fleetId)
        await forgetNotificationsOfFleet(send, fleetId, atMs)
        await send(END_KEYS, [fleetId, at(atMs)])
        await send(NOTE_REMOVED, [fleetId, at(atMs)])
        await insertAudit(send, audit)
        return 'removed'
      }),
    raiseEpoch: (fleetId, audit, atLeast = 0, configAtLeast = 0) =>
      database.inGlobal(async (send) => {
        const [row] = await send<{ epoch: number }>(RAISE, [fleetId, atLeast, configAtLeast])
        assert(row, `fleet ${fleetId} exists`)
        await insertAudit(send, audit)
        return row.epoch
      }),
  }
}

function fleetOf(row: FleetRow): Fleet {
  return {
    id: row.id,
    name: row.name,
    epoch: row.epoch,
    ...(row.epochBefore === null ? {} : { epochBefore: row.epochBefore }),
    configVersion: row.configVersion,
    settings: fromJson<FleetSettings>(row.settings),
    createdAtMs: ms(row.createdAt),
  }
}
