import type { DeviceCommand } from '#lib/protocol/command.ts'
import type { DeviceInfo } from '#lib/protocol/device.ts'
import type { SessionState } from '#lib/protocol/session-states.ts'

export type { DeviceCommand } from '#lib/protocol/command.ts'

/** Rows and filters about devices and their credentials (ports.ts). Times are Unix milliseconds; ids are UUID texts. */

export type DeviceStatus = 'active' | 'paused' | 'revoked'

/** Collections that a credential covers; `*` for all. */
export type Access = Readonly<Record<string, 'read' | 'write'>>

/** What decides whether an open stream of events goes on. */
export type Standing = Pick<Device, 'status' | 'access'>

export interface StoredReport {
  readonly state: SessionState
  readonly seq: number
  readonly nonce: string
  readonly depth: number
  /** Corrected by the device's offset. */
  readonly oldestMadeAtMs: number | null
  readonly byCollection: Readonly<Record<string, number>>
  readonly offsetMs: number | null
  readonly rttMs: number | null
  readonly atMs: number
}

/** Steps of a device's clock: changes of its offset that neither round trip explains. */
export interface ClockJumps {
  readonly count: number
  readonly last: { readonly atMs: number; readonly fromOffsetMs: number; readonly toOffsetMs: number }
}

/** What a device told about itself; the body is its JSON as it came. */
export interface DiagnosticsRow {
  readonly id: string
  readonly deviceId: string
  readonly commandId: string | null
  readonly appVersion: string
  readonly bytes: number
  readonly receivedAtMs: number
}

export interface Device extends DeviceInfo {
  readonly id: string
  readonly fleetId: string
  readonly status: DeviceStatus
  readonly access: Access
  readonly enrolledAtMs: number
  /** Last authenticated request; null before the first. */
  readonly lastContactMs: number | null
  readonly lastSessionOkMs: number | null
  readonly report: StoredReport | null
  /** Null before the first that its reports showed. */
  readonly clockJumps: ClockJumps | null
  /** Ids that this device had before it was found forked, and those of the devices that forked off it. */
  readonly linkedIds: readonly string[]
  /** Oldest first; acknowledged and expired ones are kept for a while. */
  readonly commands: readonly DeviceCommand[]
}

export interface EnrollmentKey {
  readonly id: string
  readonly fleetId: string
  readonly name: string
  readonly hash: string
  readonly access: Access
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
  readonly revokedAtMs: number | null
}

export interface DeviceFilter {
  readonly state: readonly SessionState[] | null
  readonly platform: string | null
  readonly appVersion: string | null
  readonly text: string | null
  /** Only those that last reported changes waiting, and may still send them: revoked ones are out. */
  readonly waiting: boolean
  /** Inferred offline: no contact since this time. */
  readonly silentBeforeMs: number
}
