import type { AuditEntry } from './rows.ts'

/** A version of a fleet's app that somebody told of. Times in Unix ms. */
export interface AppRelease {
  readonly id: string
  readonly fleetId: string
  readonly version: string
  /** Where charts mark it. */
  readonly releasedAtMs: number
  readonly note: string | null
  /** Who told of it, by name. */
  readonly recordedBy: string
  readonly createdAtMs: number
}

/** The releases of a fleet's app (ports.ts). */
export interface ReleasePort {
  /** `known` for a version that was told of before, `full` in a fleet that has `max` of them. */
  add(release: AppRelease, max: number, audit: AuditEntry): Promise<'added' | 'known' | 'full'>
  /** The latest first. */
  list(fleetId: string): Promise<readonly AppRelease[]>
  /** Of what is removed, `describe` makes the entry; null for an unknown one. */
  remove(
    fleetId: string,
    id: string,
    describe: (release: AppRelease) => AuditEntry,
  ): Promise<AppRelease | null>
}
