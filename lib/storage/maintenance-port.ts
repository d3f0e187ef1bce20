import type { Json } from '#lib/kernel/json.ts'
import type { Keep } from './partitions.ts'
import type { AuditEntry } from './rows.ts'

export interface RetentionBatches {
  readonly size: number
  readonly rounds: number
}

/** What holds for the whole installation, by name. */
export interface SettingPort {
  get(name: string): Promise<Setting | null>
  /** Saves when the stored version is `version - 1`; of one that isn't stored, 0. */
  save(name: string, setting: Setting, audit: AuditEntry): Promise<'saved' | 'stale'>
}
export interface Setting {
  readonly version: number
  readonly value: Json
}

export interface MaintenancePort {
  /** Takes or renews the named lease until `untilMs`; false when another process holds it. */
  holdLease(name: string, holder: string, nowMs: number, untilMs: number): Promise<boolean>
  /** Creates the partitions from yesterday to `aheadDays` on; false when a lock was in the way of one: ask again. */
  ensurePartitions(nowMs: number, aheadDays: number): Promise<boolean>
  /** Gives the storage statistics of tables that have grown and have none yet, by which it plans; their names. */
  analyzeGrown(): Promise<readonly string[]>
  /**
   * Drops the partitions that are past, gives rows that came late the partition of their period, and deletes expired
   * rows of the rest: of each fleet and table at most `rounds` batches of `size`. `more` when a table has used them up,
   * or a lock was in the way of a partition.
   */
  applyRetention(
    nowMs: number,
    keep: Keep,
    batches: RetentionBatches,
  ): Promise<{ dropped: readonly string[]; deleted: number; more: boolean }>
  /** Deletes what collections held that are no more: of each table at most `rounds` batches of `size`. */
  purgeRemoved(
    fleetId: string,
    batches: RetentionBatches,
  ): Promise<{ readonly deleted: number; readonly more: boolean }>
  /**
   * Deletes what removed fleets held: of each table at most `rounds` batches of `size`. A fleet is looked at for a day
   * more, since requests that were under way may still have written.
   */
  purgeRemovedFleets(
    nowMs: number,
    batches: RetentionBatches,
  ): Promise<{ readonly deleted: number; readonly more: boolean }>
  /** Rows outside every partition. After `applyRetention` an alarm: they are of days that are yet to come. */
  strayRows(): Promise<number>
  /** Events from before this may be gone (Unix ms); 0 when none was ever dropped. */
  eventsWholeFromMs(): Promise<number>
}
