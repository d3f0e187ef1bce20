import type { FleetKeyPort } from './fleet-key-port.ts'
import type { DeviceStatus, IngestKey, SeenDevice } from './rows.ts'

/** Keys for telemetry of other engines, and the devices that it names (ports.ts). */
export interface IngestPort extends FleetKeyPort<IngestKey> {
  /**
   * Enrolls by first sight: makes the devices that are new, while the fleet has fewer than `max` of other engines, and
   * moves on what is known of the others; a revoked one stays as it is, and so does one of which something newer is known. Of each that there then is, its status.
   * @throws FleetGone
   */
  seen(
    fleetId: string,
    devices: readonly SeenDevice[],
    nowMs: number,
    max: number,
  ): Promise<ReadonlyMap<string, DeviceStatus>>
}
