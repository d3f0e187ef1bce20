import type { SyncPort } from '../ports.ts'
import type { Database, Statement } from './database.ts'
import { at, ms } from './values.ts'

/** The queue of a fleet: one ticket is given at a time, whatever process asks. */
const LOCK_QUEUE: Statement = {
  name: 'full_sync_lock',
  text: `SELECT pg_advisory_xact_lock(hashtextextended('full-sync/' || $1, 0))`,
}
const FIND: Statement = {
  name: 'full_sync_find',
  text: 'SELECT admit_at FROM full_sync_ticket WHERE fleet_id = $1 AND device_id = $2 AND admit_at > $3',
}
const LAST: Statement = {
  name: 'full_sync_last',
  text: 'SELECT max(admit_at) AS admit_at FROM full_sync_ticket WHERE fleet_id = $1',
}
const TAKE: Statement = {
  name: 'full_sync_take',
  text: `INSERT INTO full_sync_ticket (fleet_id, device_id, admit_at) VALUES ($1, $2, $3)
    ON CONFLICT (fleet_id, device_id) DO UPDATE SET admit_at = excluded.admit_at`,
}
const PLACE: Statement = {
  name: 'full_sync_place',
  text: 'SELECT count(*) AS place FROM full_sync_ticket WHERE fleet_id = $1 AND admit_at > $2 AND admit_at < $3',
}

const TURN: Statement = {
  name: 'full_sync_turn',
  text: `SELECT t.admit_at, (SELECT count(*) FROM full_sync_ticket x
      WHERE x.fleet_id = $1 AND x.admit_at > $3 AND x.admit_at < t.admit_at) AS place
    FROM full_sync_ticket t WHERE t.fleet_id = $1 AND t.device_id = $2`,
}

/** A turn for a full sync (TK7): the next one in the fleet's pace, or the one that the device has already. */
export function admitFullSync(
  database: Database,
  fleetId: string,
  deviceId: string,
  { nowMs, intervalMs, burst, graceMs }: Parameters<SyncPort['admitFullSync']>[2],
): ReturnType<SyncPort['admitFullSync']> {
  return database.inFleet(fleetId, async (send) => {
    await send(LOCK_QUEUE, [fleetId])
    const [own] = await send<{ admit_at: Date }>(FIND, [fleetId, deviceId, at(nowMs - graceMs)])
    let admitAtMs = own ? ms(own.admit_at) : null
    if (admitAtMs === null) {
      const [last] = await send<{ admit_at: Date | null }>(LAST, [fleetId])
      const earliestMs = nowMs - (burst - 1) * intervalMs
      admitAtMs = last?.admit_at ? Math.max(ms(last.admit_at) + intervalMs, earliestMs) : earliestMs
      await send(TAKE, [fleetId, deviceId, at(admitAtMs)])
    }
    const [before] = await send<{ place: number }>(PLACE, [fleetId, at(nowMs), at(admitAtMs)])
    return { admitAtMs, place: before?.place ?? 0 }
  })
}

/** The turn that a device has, without taking one. */
export async function fullSyncTurn(
  database: Database,
  fleetId: string,
  deviceId: string,
  nowMs: number,
): ReturnType<SyncPort['fullSyncTurn']> {
  const values = [fleetId, deviceId, at(nowMs)]
  const [row] = await database.one<{ admit_at: Date; place: number }>(fleetId, TURN, values)
  return row ? { admitAtMs: ms(row.admit_at), place: row.place } : null
}
