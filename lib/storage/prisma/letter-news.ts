import { newsRoom, type DeviceCommand } from '#lib/protocol/command.ts'
import { withLetterNews } from '../device-commands.ts'
import type { ClosedLetter, DeadLetterPort } from '../ports.ts'
import type { Database, Statement } from './database.ts'
import { lockDevice, saveCommands } from './device-life.ts'
import { fromJson } from './values.ts'

/** As the index says it that holds these letters alone. */
const UNTOLD = `l.status <> 'open' AND l.told_status IS DISTINCT FROM l.status`

const DEVICES: Statement = {
  name: 'letter_untold_devices',
  text: `SELECT u.device_id, CASE WHEN d.status <> 'revoked' THEN d.commands END AS commands FROM (SELECT DISTINCT l.device_id FROM dead_letter l
      WHERE l.fleet_id = $1 AND ${UNTOLD} AND ($2::uuid IS NULL OR l.device_id > $2) ORDER BY 1 LIMIT $3) u
    LEFT JOIN device d ON d.fleet_id = $1 AND d.id = u.device_id ORDER BY 1`,
}
/**
 * What somebody else closes at this moment is told by whoever does; to wait for it could be a circle. Chosen once: joined, the
 * bound would count anew for each row.
 */
const TELL: Statement = {
  name: 'letter_tell',
  text: `WITH k AS MATERIALIZED (SELECT l.id FROM dead_letter l
      WHERE l.fleet_id = $1 AND l.device_id = $2 AND ${UNTOLD} ORDER BY l.id LIMIT $3 FOR UPDATE SKIP LOCKED)
    UPDATE dead_letter x SET told_status = x.status FROM k WHERE x.fleet_id = $1 AND x.id = k.id RETURNING x.id, x.status`,
}

/** What devices are still to be told of their letters (CM4). */
export function postgresLetterNews(database: Database): Pick<DeadLetterPort, 'untold' | 'tell'> {
  return {
    untold: async (fleetId, afterDeviceId, limit) =>
      (
        await database.one<{ device_id: string; commands: unknown }>(fleetId, DEVICES, [
          fleetId,
          afterDeviceId,
          limit,
        ])
      ).map(({ device_id, commands }) => ({
        deviceId: device_id,
        commands: fromJson<readonly DeviceCommand[] | null>(commands) ?? [],
      })),
    tell: (fleetId, deviceId, order) =>
      database.inFleet(fleetId, async (send) => {
        const device = await lockDevice(send, fleetId, deviceId)
        const isServed = device !== null && device.status !== 'revoked'
        const room = isServed ? newsRoom(device.commands, order.nowMs) : null
        if (room === 0) return []
        const told = await send<ClosedLetter & Record<string, unknown>>(TELL, [fleetId, deviceId, room])
        const letters = told.toSorted((a, b) => (a.id < b.id ? -1 : 1))
        if (isServed && letters.length > 0)
          await saveCommands(send, { ...device, commands: withLetterNews(device.commands, letters, order) })
        return letters
      }),
  }
}
