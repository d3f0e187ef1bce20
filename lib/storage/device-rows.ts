import type { DeviceCommand } from '#lib/protocol/command.ts'
import type { DeviceInfo } from '#lib/protocol/device.ts'
import type { SessionState } from '#lib/protocol/session-states.ts'
import type { DeviceKey, DeviceSort } from '#lib/query/device-fields.ts'
import type { Filter } from '#lib/query/field.ts'
import type { LogLevel } from '#lib/telemetry/otlp/logs-of-export.ts'

export type { DeviceCommand } from '#lib/protocol/command.ts'
export type { ToldSeries } from '#lib/telemetry/told/advance.ts'

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
  /** The engine of others that it syncs with, as the ingest key names it: it has no token and gets no commands. */
  readonly source?: string
}

/** What lets somebody in to one fleet; its text is known to its holder alone. */
export interface FleetKey {
  readonly id: string
  readonly fleetId: string
  readonly name: string
  readonly hash: string
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
  readonly revokedAtMs: number | null
  /** Null for one that was never used; since uses are noted. */
  readonly lastUsedMs: number | null
}

/** Lets devices enroll. */
export interface EnrollmentKey extends FleetKey {
  readonly access: Access
  /** How many devices it may enroll; null: as many as ask. */
  readonly maxDevices: number | null
  /** How many it has enrolled, since they are counted. */
  readonly devices: number
}

/** Lets a program tell what another engine does. */
export interface IngestKey extends FleetKey {
  readonly source: string
}

/** A device as another engine's telemetry names it. */
export interface SeenDevice extends DeviceInfo {
  readonly id: string
  readonly source: string
  /** Its last contact with its own server; null where none is told: then only a new device is made of it. */
  readonly lastContactMs: number | null
}

/** A page of another engine that the server asks for its figures. */
export interface ScrapeTarget {
  readonly id: string
  readonly fleetId: string
  readonly source: string
  readonly url: string
  readonly everyMs: number
  readonly createdAtMs: number
  /** Of the last time that it was asked; null before. */
  readonly last: ScrapeOutcome | null
}

export interface ScrapeOutcome {
  readonly atMs: number
  /** Figures that were read; null when there was no answer to read. */
  readonly points: number | null
  /** What went wrong, or what of the page could not be read; null when all is well. */
  readonly problem: string | null
}

/** What a client of another engine logged; ids are ours. */
export interface ToldLog {
  readonly id: string
  readonly deviceId: string
  readonly sessionId: string | null
  readonly atMs: number
  readonly level: LogLevel
  readonly text: string
  /** The kind of an error. */
  readonly code: string | null
}

/** A change that failed for the moment (SPEC, DL4). */
export interface FailedTry {
  readonly mutationId: string
  readonly tries: number
  readonly lastAtMs: number
}

/** Devices whose last contact was in [fromMs, toMs) and of which the conditions hold; a null bound is none. */
export interface DeviceFilter {
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly conditions: Filter<DeviceKey>
  /** For who is silent, and how long what waits has waited. */
  readonly nowMs: number
  readonly intervalMs: number
}

/** Where a page of devices begins: behind the device with this value in the order asked for. */
export interface DevicePlace {
  readonly value: number | string
  readonly id: string
}

export interface DevicePageRequest {
  readonly sort: DeviceSort
  readonly limit: number
  readonly after: DevicePlace | null
}

export interface DevicePage {
  readonly items: readonly Device[]
  readonly next: DevicePlace | null
}
