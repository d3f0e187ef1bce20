import type { AuditEntry, DeviceStatus, IngestKey, RowChange, SeenDevice } from './rows.ts'

/** Keys for telemetry of other engines, and the devices that it names (ports.ts). */
export interface IngestPort {
  createKey(key: IngestKey, audit: AuditEntry): Promise<void>
  listKeys(fleetId: string): Promise<readonly IngestKey[]>
  findKey(fleetId: string, hash: string): Promise<IngestKey | null>
  /** Saves name and times as they then are; null for an unknown key. */
  updateKey(
    fleetId: string,
    id: string,
    change: (key: IngestKey) => RowChange<IngestKey>,
  ): Promise<IngestKey | null>
  /**
   * Enrolls by first sight: makes the devices that are new, while the fleet has fewer than `max` of other engines, and
   * moves on what is known of the others; a revoked one stays as it is. Of each that there then is, its status.
   * @throws FleetGone
   */
  seen(
    fleetId: string,
    devices: readonly SeenDevice[],
    nowMs: number,
    max: number,
  ): Promise<ReadonlyMap<string, DeviceStatus>>
}
