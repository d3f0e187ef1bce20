import type { RegainedMutation, RestoredDevice, RestoreGap, RestorePort, Restoration } from '../ports.ts'
import { bigints, texts, uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import { pageOf } from './page.ts'
import { at, ms } from './values.ts'

const NOTE: Statement = {
  name: 'restore_note',
  text: `INSERT INTO restoration (fleet_id, epoch, epoch_before, backup_id, backup_at, proven, restored_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING epoch`,
}
/** Of a fleet's whole change log, once. */
const NOTE_DEVICES: Statement = {
  name: 'restore_note_devices',
  text: `INSERT INTO restored_device (fleet_id, epoch, device_id, acknowledged, last_acknowledged_at)
    SELECT d.fleet_id, $2, d.id, coalesce(c.count, 0), c.last FROM device d
    LEFT JOIN (SELECT device_id, count(*) AS count, max(committed_at) AS last FROM change_log WHERE fleet_id = $1
      GROUP BY 1) c ON c.device_id = d.id
    WHERE d.fleet_id = $1 AND d.status <> 'revoked' ON CONFLICT DO NOTHING`,
}
const LATEST: Statement = {
  name: 'restore_latest',
  text: 'SELECT * FROM restoration WHERE fleet_id = $1 ORDER BY epoch DESC LIMIT 1',
}
/** Only of a restore that there was: otherwise any device could fill the table by its word alone. */
const REGAIN: Statement = {
  name: 'restore_regain',
  text: `INSERT INTO regained_mutation (fleet_id, epoch, mutation_id, device_id, status, at)
    SELECT $1, $2, m, d, s, to_timestamp(at / 1000.0)
    FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::bigint[]) k(m, d, s, at)
    WHERE EXISTS (SELECT FROM restoration WHERE fleet_id = $1 AND epoch = $2) ON CONFLICT DO NOTHING`,
}
const GAP: Statement = {
  name: 'restore_gap',
  text: `SELECT (SELECT count(*) FROM restored_device r JOIN device d ON d.fleet_id = r.fleet_id AND d.id = r.device_id
        WHERE r.fleet_id = $1 AND r.epoch = $2 AND d.status <> 'revoked') AS devices,
      (SELECT count(*) FROM restored_device r JOIN device d ON d.fleet_id = r.fleet_id AND d.id = r.device_id
        JOIN restoration o ON o.fleet_id = r.fleet_id AND o.epoch = r.epoch
        WHERE r.fleet_id = $1 AND r.epoch = $2 AND d.status <> 'revoked' AND d.last_session_ok_at >= o.restored_at) AS back,
      count(*) AS regained, count(DISTINCT m.device_id) AS "regainedDevices"
    FROM regained_mutation m WHERE m.fleet_id = $1 AND m.epoch = $2`,
}
const DEVICES: Statement = {
  name: 'restore_devices',
  text: `SELECT k.device_id, d.name, r.acknowledged, r.last_acknowledged_at,
      CASE WHEN d.last_session_ok_at >= o.restored_at THEN d.last_session_ok_at END AS back_at,
      (SELECT count(*) FROM regained_mutation m WHERE m.fleet_id = $1 AND m.epoch = $2 AND m.device_id = k.device_id) AS regained
    FROM (SELECT device_id FROM restored_device WHERE fleet_id = $1 AND epoch = $2
      UNION SELECT device_id FROM regained_mutation WHERE fleet_id = $1 AND epoch = $2) k
    JOIN restoration o ON o.fleet_id = $1 AND o.epoch = $2
    LEFT JOIN restored_device r ON r.fleet_id = $1 AND r.epoch = $2 AND r.device_id = k.device_id
    LEFT JOIN device d ON d.fleet_id = $1 AND d.id = k.device_id
    WHERE $3::uuid IS NULL OR k.device_id > $3::uuid ORDER BY k.device_id LIMIT $4`,
}
const REGAINED: Statement = {
  name: 'restore_regained',
  text: `SELECT mutation_id, device_id, status, at FROM regained_mutation WHERE fleet_id = $1 AND epoch = $2
      AND ($3::uuid IS NULL OR device_id = $3::uuid)
      AND ($4::timestamptz IS NULL OR (at, mutation_id) < ($4::timestamptz, $5::uuid))
    ORDER BY at DESC, mutation_id DESC LIMIT $6`,
}

interface RestorationRow extends Record<string, unknown> {
  readonly fleet_id: string
  readonly epoch: number
  readonly epoch_before: number
  readonly backup_id: string | null
  readonly backup_at: Date | null
  readonly proven: boolean
  readonly restored_at: Date
}
interface DeviceRow extends Record<string, unknown> {
  readonly device_id: string
  readonly name: string | null
  readonly acknowledged: number | null
  readonly last_acknowledged_at: Date | null
  readonly back_at: Date | null
  readonly regained: number
}
interface RegainedRow extends Record<string, unknown> {
  readonly mutation_id: string
  readonly device_id: string
  readonly status: string
  readonly at: Date
}

export function postgresRestores(database: Database): RestorePort {
  return {
    note: (restoration, audit) =>
      database.inFleet(restoration.fleetId, async (send) => {
        const { fleetId, epoch, epochBefore, backupId, backupAtMs, proven, restoredAtMs } = restoration
        const backupAt = backupAtMs === null ? null : at(backupAtMs)
        const values = [fleetId, epoch, epochBefore, backupId, backupAt, proven, at(restoredAtMs)]
        if ((await send(NOTE, values)).length === 0) return
        await send(NOTE_DEVICES, [fleetId, epoch])
        await insertAudit(send, audit)
      }),
    latest: async (fleetId) => {
      const [row] = await database.one<RestorationRow>(fleetId, LATEST, [fleetId])
      return row ? restorationOf(row) : null
    },
    regain: async (fleetId, epoch, rows) => {
      if (rows.length === 0) return
      await database.one(fleetId, REGAIN, [
        fleetId,
        epoch,
        uuids(rows.map(({ mutationId }) => mutationId)),
        uuids(rows.map(({ deviceId }) => deviceId)),
        texts(rows.map(({ status }) => status)),
        bigints(rows.map(({ atMs }) => atMs)),
      ])
    },
    gap: async (fleetId, epoch) => {
      const [row] = await database.one<RestoreGap & Record<string, unknown>>(fleetId, GAP, [fleetId, epoch])
      return row ?? { devices: 0, back: 0, regained: 0, regainedDevices: 0 }
    },
    devices: async (fleetId, epoch, after, limit) =>
      (await database.one<DeviceRow>(fleetId, DEVICES, [fleetId, epoch, after, limit])).map(deviceOf),
    regained: async (fleetId, epoch, deviceId, { cursor, limit }) => {
      const behind = cursor === null ? [null, null] : [at(cursor.atMs), cursor.id]
      const values = [fleetId, epoch, deviceId, ...behind, limit + 1]
      const rows = await database.one<RegainedRow>(fleetId, REGAINED, values)
      return pageOf(rows.map(regainedOf), ({ atMs, mutationId }) => ({ atMs, id: mutationId }), limit)
    },
  }
}

const restorationOf = (row: RestorationRow): Restoration => ({
  fleetId: row.fleet_id,
  epoch: row.epoch,
  epochBefore: row.epoch_before,
  backupId: row.backup_id,
  backupAtMs: row.backup_at === null ? null : ms(row.backup_at),
  proven: row.proven,
  restoredAtMs: ms(row.restored_at),
})

const deviceOf = (row: DeviceRow): RestoredDevice => ({
  deviceId: row.device_id,
  name: row.name,
  acknowledged: row.acknowledged ?? 0,
  lastAcknowledgedAtMs: row.last_acknowledged_at === null ? null : ms(row.last_acknowledged_at),
  backAtMs: row.back_at === null ? null : ms(row.back_at),
  regained: row.regained,
})

const regainedOf = (row: RegainedRow): RegainedMutation => ({
  mutationId: row.mutation_id,
  deviceId: row.device_id,
  status: row.status,
  atMs: ms(row.at),
})
