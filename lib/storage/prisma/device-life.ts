import { commandsUntilMs, withAcknowledged, withCommand } from '../device-commands.ts'
import type { Access, Device, DeviceCommand, DevicePort, DeviceStatus, DiagnosticsRow } from '../ports.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import type { DeviceRow } from './device-row.ts'
import { DEVICE_COLUMNS, deviceOf } from './device-row.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, atOrNull, fromJson, ms } from './values.ts'

const LOCK: Statement = {
  name: 'device_lock',
  text: `SELECT ${DEVICE_COLUMNS} FROM device d WHERE d.fleet_id = $1 AND d.id = $2 FOR UPDATE`,
}
const SAVE: Statement = {
  name: 'device_save_commands',
  text: `UPDATE device SET commands = $3, commands_until = $4, status = $5 WHERE fleet_id = $1 AND id = $2`,
}
const COMMANDED: Statement = {
  name: 'device_commanded',
  text: `SELECT id, commands FROM device WHERE fleet_id = $1 AND commands_until > $2 ORDER BY commands_until LIMIT $3`,
}
/** By device, of which the writer keeps a bounded number. */
const FAILED_TRIES: Statement = {
  name: 'device_failed_tries',
  text: `SELECT mutation_id, tries, last_at FROM failed_try t WHERE fleet_id = $1 AND device_id = $2
      AND NOT EXISTS (SELECT FROM change_log c WHERE c.fleet_id = $1 AND c.mutation_id = t.mutation_id)
    ORDER BY tries DESC, mutation_id LIMIT $3`,
}
const STANDINGS: Statement = {
  name: 'device_standings',
  text: `SELECT id, status, access FROM device WHERE fleet_id = $1 AND id = ANY($2::uuid[])`,
}
const DIAGNOSTICS_COLUMNS = 'id, device_id, command_id, app_version, bytes, received_at'
const ADD_DIAGNOSTICS: Statement = {
  name: 'diagnostics_add',
  text: `INSERT INTO device_diagnostics (fleet_id, device_id, id, command_id, app_version, bytes, received_at, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
}
const TRIM_DIAGNOSTICS: Statement = {
  name: 'diagnostics_trim',
  text: `DELETE FROM device_diagnostics WHERE fleet_id = $1 AND device_id = $2 AND id IN (
    SELECT id FROM device_diagnostics WHERE fleet_id = $1 AND device_id = $2 ORDER BY received_at DESC, id DESC OFFSET $3)`,
}
const LIST_DIAGNOSTICS: Statement = {
  name: 'diagnostics_list',
  text: `SELECT ${DIAGNOSTICS_COLUMNS} FROM device_diagnostics WHERE fleet_id = $1 AND device_id = $2
    ORDER BY received_at DESC, id DESC`,
}
const GET_DIAGNOSTICS: Statement = {
  name: 'diagnostics_get',
  text: `SELECT ${DIAGNOSTICS_COLUMNS}, body FROM device_diagnostics WHERE fleet_id = $1 AND device_id = $2 AND id = $3`,
}

interface StoredDiagnostics extends Record<string, unknown> {
  readonly id: string
  readonly device_id: string
  readonly command_id: string | null
  readonly app_version: string
  readonly bytes: number
  readonly received_at: Date
}

interface TryRow extends Record<string, unknown> {
  readonly mutation_id: string
  readonly tries: number
  readonly last_at: Date
}

type Life = Pick<
  DevicePort,
  | 'command'
  | 'acknowledgeCommands'
  | 'failedTries'
  | 'commanded'
  | 'standings'
  | 'addDiagnostics'
  | 'listDiagnostics'
  | 'getDiagnostics'
>

/** What operators tell devices, and what devices tell about themselves. */
export function postgresDeviceLife(database: Database): Life {
  return {
    command: (fleetId, deviceId, { command, status, nowMs }, audit) =>
      database.inFleet(fleetId, async (send) => {
        const device = await lockDevice(send, fleetId, deviceId)
        if (!device) return 'unknown'
        if (device.status === 'revoked') return 'revoked'
        const commands = command ? withCommand(device.commands, command, nowMs) : device.commands
        if (!commands) return 'full'
        if (command && commands === device.commands) return device
        const next = { ...device, commands, status: status ?? device.status }
        await saveCommands(send, next)
        if (audit) await insertAudit(send, audit)
        return next
      }),
    acknowledgeCommands: (fleetId, deviceId, ids, atMs) =>
      database.inFleet(fleetId, async (send) => {
        const device = await lockDevice(send, fleetId, deviceId)
        const commands = device && withAcknowledged(device.commands, ids, atMs)
        if (device && commands) await saveCommands(send, { ...device, commands })
      }),
    failedTries: async (fleetId, deviceId, limit) =>
      (await database.one<TryRow>(fleetId, FAILED_TRIES, [fleetId, deviceId, limit])).map((row) => ({
        mutationId: row.mutation_id,
        tries: row.tries,
        lastAtMs: ms(row.last_at),
      })),
    commanded: async (fleetId, nowMs, limit) => {
      const rows = await database.one<{ id: string; commands: unknown }>(fleetId, COMMANDED, [
        fleetId,
        at(nowMs),
        limit,
      ])
      return rows.map(({ id, commands }) => ({ id, commands: fromJson<readonly DeviceCommand[]>(commands) }))
    },
    standings: async (fleetId, ids) => {
      const rows = await database.one<{ id: string; status: DeviceStatus; access: unknown }>(
        fleetId,
        STANDINGS,
        [fleetId, ids],
      )
      return new Map(rows.map(({ id, status, access }) => [id, { status, access: fromJson<Access>(access) }]))
    },
    addDiagnostics: (fleetId, row, body, keep) =>
      database.inFleet(fleetId, async (send) => {
        const { deviceId, id, commandId, appVersion, bytes, receivedAtMs } = row
        const values = [commandId, storableText(appVersion), bytes, at(receivedAtMs), storableText(body)]
        await send(ADD_DIAGNOSTICS, [fleetId, deviceId, id, ...values])
        await send(TRIM_DIAGNOSTICS, [fleetId, deviceId, keep])
      }),
    listDiagnostics: async (fleetId, deviceId) =>
      (await database.one<StoredDiagnostics>(fleetId, LIST_DIAGNOSTICS, [fleetId, deviceId])).map(rowOf),
    getDiagnostics: async (fleetId, deviceId, id) => {
      const values = [fleetId, deviceId, id]
      const [found] = await database.one<StoredDiagnostics & { body: string }>(
        fleetId,
        GET_DIAGNOSTICS,
        values,
      )
      return found ? { row: rowOf(found), body: originalText(found.body) } : null
    },
  }
}

export async function lockDevice(send: Send, fleetId: string, deviceId: string): Promise<Device | null> {
  const [row] = await send<DeviceRow>(LOCK, [fleetId, deviceId])
  return row ? deviceOf(row) : null
}

export const saveCommands = (
  send: Send,
  device: { fleetId: string; id: string; commands: readonly DeviceCommand[]; status: DeviceStatus },
): Promise<unknown> =>
  send(SAVE, [
    device.fleetId,
    device.id,
    JSON.stringify(device.commands),
    atOrNull(commandsUntilMs(device.commands)),
    device.status,
  ])

const rowOf = (row: StoredDiagnostics): DiagnosticsRow => ({
  id: row.id,
  deviceId: row.device_id,
  commandId: row.command_id,
  appVersion: originalText(row.app_version),
  bytes: row.bytes,
  receivedAtMs: ms(row.received_at),
})
