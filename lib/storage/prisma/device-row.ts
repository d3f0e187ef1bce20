import type { Platform } from '#lib/protocol/device.ts'
import type { Access, ClockJumps, Device, DeviceCommand, DeviceStatus, StoredReport } from '../ports.ts'
import { originalText } from './storable-text.ts'
import { fromJson, ms, msOrNull } from './values.ts'

export interface DeviceRow extends Record<string, unknown> {
  readonly fleet_id: string
  readonly id: string
  readonly name: string
  readonly platform: string
  readonly app_version: string
  readonly model: string | null
  readonly os: string | null
  readonly status: string
  readonly access: unknown
  readonly enrolled_at: Date
  readonly last_contact_at: Date | null
  readonly last_session_ok_at: Date | null
  readonly report: unknown
  readonly linked_ids: readonly string[]
  readonly commands: unknown
  readonly clock_jumps: unknown
  readonly source: string | null
}

export const DEVICE_COLUMNS = [
  'fleet_id',
  'id',
  'name',
  'platform',
  'app_version',
  'model',
  'os',
  'status',
  'access',
  'enrolled_at',
  'last_contact_at',
  'last_session_ok_at',
  'report',
  'linked_ids',
  'commands',
  'clock_jumps',
  'source',
]
  .map((column) => `d.${column}`)
  .join(', ')

export function deviceOf(row: DeviceRow): Device {
  return {
    id: row.id,
    fleetId: row.fleet_id,
    name: originalText(row.name),
    platform: row.platform as Platform,
    appVersion: originalText(row.app_version),
    ...(row.model === null ? {} : { model: originalText(row.model) }),
    ...(row.os === null ? {} : { os: originalText(row.os) }),
    status: row.status as DeviceStatus,
    access: fromJson<Access>(row.access),
    enrolledAtMs: ms(row.enrolled_at),
    lastContactMs: msOrNull(row.last_contact_at),
    lastSessionOkMs: msOrNull(row.last_session_ok_at),
    report: fromJson<StoredReport | null>(row.report),
    clockJumps: fromJson<ClockJumps | null>(row.clock_jumps),
    linkedIds: row.linked_ids,
    commands: fromJson<readonly DeviceCommand[] | null>(row.commands) ?? [],
    ...(row.source === null ? {} : { source: originalText(row.source) }),
  }
}
