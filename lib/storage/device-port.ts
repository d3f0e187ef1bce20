import type { Platform } from '#lib/protocol/device.ts'
import type { DeviceKey } from '#lib/query/device-fields.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import type { FleetNow } from '#lib/telemetry/fleet-now.ts'
import type {
  AuditEntry,
  Device,
  DeviceCommand,
  DeviceFilter,
  DevicePage,
  DevicePageRequest,
  DeviceStatus,
  DiagnosticsRow,
  FailedTry,
  Standing,
  StoredReport,
} from './rows.ts'

/** Devices and their tokens (ports.ts). */
export interface DevicePort {
  /**
   * One enrollment per requestId within 24 h: a repeat adds a token to the same device, which has the newest
   * TOKENS_PER_DEVICE_MAX. Which answer arrived only the device knows, so that the earlier ones stay good.
   * An id that another request enrolled is `taken`; `gone` in a fleet that is no more; `used_up` by a key that has enrolled
   * as many as it may. `formerId` links the two devices' ids, whole families on both sides.
   */
  enroll(
    input: {
      device: Device
      tokenHash: string
      requestId: string
      keyId: string
      nowMs: number
      formerId?: string | null
    },
    audit: AuditEntry,
  ): Promise<'enrolled' | 'repeated' | 'taken' | 'gone' | 'used_up'>
  /** The device that this request enrolled in the last 24 h: a repeat that names no id of its own is that device. */
  findEnrolled(fleetId: string, requestId: string, nowMs: number): Promise<string | null>
  /** Null for a token that was never issued or has ended. */
  findByToken(fleetId: string, tokenHash: string, nowMs: number): Promise<Device | null>
  /**
   * Adds a token; the one that asked for it ends at `oldEndsMs`, with those older than it. The newest
   * TOKENS_PER_DEVICE_MAX stay.
   */
  rotateToken(
    fleetId: string,
    deviceId: string,
    askedBy: string,
    tokenHash: string,
    nowMs: number,
    oldEndsMs: number,
    audit: AuditEntry,
  ): Promise<void>
  get(fleetId: string, id: string): Promise<Device | null>
  /** Of those of these devices that there are, by id. */
  standings(fleetId: string, ids: readonly string[]): Promise<ReadonlyMap<string, Standing>>
  /** In the order asked for (device-values.ts); of equals by id. */
  list(fleetId: string, filter: DeviceFilter, page: DevicePageRequest): Promise<DevicePage>
  /** Of its first DEVICE_FACET_ROWS_MAX by id. */
  facets(fleetId: string, filter: DeviceFilter): Promise<FacetCounts<DeviceKey>>
  /** Devices that are not revoked. */
  countEnrolled(fleetId: string): Promise<number>
  /** By id, those after `afterId`: the way through a whole fleet, of which none is missed or met twice. */
  byId(fleetId: string, afterId: string | null, limit: number): Promise<readonly Device[]>
  /** How all of them stand, revoked ones left out. @param intervalMs the fleet's, for who is silent */
  now(fleetId: string, nowMs: number, intervalMs: number): Promise<FleetNow>
  /** Contact outside a push: report when there is one, app version and platform as last named. `forked` when seq went back or came twice with another nonce; nothing is written then. */
  touch(
    fleetId: string,
    deviceId: string,
    contact: { atMs: number; appVersion: string; platform: Platform; report: StoredReport | null },
  ): Promise<'ok' | 'forked' | 'unknown'>
  /**
   * Reports that tell nothing but that their devices were here, at most one a device. Each is written where the kept
   * report is still `before`; the ids of those devices are the answer. Of the others nothing is written.
   */
  touchQuiet(
    fleetId: string,
    contacts: readonly {
      readonly deviceId: string
      readonly before: Pick<StoredReport, 'seq' | 'nonce'>
      readonly report: StoredReport
    }[],
  ): Promise<ReadonlySet<string>>
  /**
   * Tells a device something, once per command id, and sets its status when there is one. A revoked device stays
   * revoked. Answers the device as it then is.
   */
  command(
    fleetId: string,
    deviceId: string,
    order: { command: DeviceCommand | null; status: DeviceStatus | null; nowMs: number },
    audit: AuditEntry | null,
  ): Promise<Device | 'unknown' | 'full' | 'revoked'>
  /** Notes that the device has done these; unknown ids change nothing. */
  acknowledgeCommands(fleetId: string, deviceId: string, ids: readonly string[], atMs: number): Promise<void>
  /** Changes of the device that failed for the moment and have no effect yet: the most tried first, at most `limit`. */
  failedTries(fleetId: string, deviceId: string, limit: number): Promise<readonly FailedTry[]>
  /** Devices with commands that wait, bounded. */
  commanded(
    fleetId: string,
    nowMs: number,
    limit: number,
  ): Promise<readonly Pick<Device, 'id' | 'commands'>[]>
  /** Keeps the newest `keep` of a device. */
  addDiagnostics(fleetId: string, row: DiagnosticsRow, body: string, keep: number): Promise<void>
  /** Newest first. */
  listDiagnostics(fleetId: string, deviceId: string): Promise<readonly DiagnosticsRow[]>
  getDiagnostics(
    fleetId: string,
    deviceId: string,
    id: string,
  ): Promise<{ row: DiagnosticsRow; body: string } | null>
}
