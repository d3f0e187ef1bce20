import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type { FleetKeyPort } from './fleet-key-port.ts'
import type {
  AuditEntry,
  DeviceStatus,
  IngestKey,
  ScrapeOutcome,
  ScrapeTarget,
  SeenDevice,
  ToldLog,
  ToldSeries,
} from './rows.ts'

/** What becomes of series by one export, and the events that tell of it. */
export interface SeriesMoved {
  readonly series: readonly ToldSeries[]
  readonly events: readonly TelemetryEvent[]
}

/** Keys for telemetry of other engines, and what is told by them (ports.ts). */
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
  /**
   * Moves series on, one export of a fleet after the other: hands what is known of these ids to `work`, with how many new
   * ones the fleet has room for, keeps the series that it returns and appends its events, all or nothing.
   * @throws FleetGone
   */
  moveSeries(
    fleetId: string,
    ids: readonly string[],
    max: number,
    work: (known: ReadonlyMap<string, ToldSeries>, room: number) => SeriesMoved,
  ): Promise<void>
  /** `too_many` when the fleet has `max`. @throws FleetGone */
  addTarget(target: ScrapeTarget, max: number, audit: AuditEntry): Promise<'created' | 'too_many'>
  /** Oldest first. */
  targets(fleetId: string): Promise<readonly ScrapeTarget[]>
  /** Takes a page off the list; null for an unknown one. */
  removeTarget(
    fleetId: string,
    id: string,
    audit: (target: ScrapeTarget) => AuditEntry,
  ): Promise<ScrapeTarget | null>
  /** Of a page that is no more nothing is kept. */
  noteScrape(fleetId: string, id: string, outcome: ScrapeOutcome): Promise<void>
  /** Figures that stand, heard at `sinceMs` or later. */
  gauges(fleetId: string, sinceMs: number): Promise<readonly ToldSeries[]>
  /**
   * Keeps logs, of each device the newest `perDeviceMax`; one whose id is known is passed over.
   * @returns how many were new @throws FleetGone
   */
  storeLogs(fleetId: string, logs: readonly ToldLog[], perDeviceMax: number): Promise<number>
  /** Newest first, of one device or of one session. */
  logs(
    fleetId: string,
    of: { readonly deviceId: string } | { readonly sessionId: string },
    limit: number,
  ): Promise<readonly ToldLog[]>
}
