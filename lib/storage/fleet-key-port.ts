import type { AuditEntry, FleetKey, RowChange } from './rows.ts'

/** Keys of one kind, each of a fleet and found by the hash of its text (ports.ts). */
export interface FleetKeyPort<Key extends FleetKey> {
  createKey(key: Key, audit: AuditEntry): Promise<void>
  /** Newest first. */
  listKeys(fleetId: string): Promise<readonly Key[]>
  findKey(fleetId: string, hash: string): Promise<Key | null>
  /** Saves name and times as they then are; null for an unknown key. */
  updateKey(fleetId: string, id: string, change: (key: Key) => RowChange<Key>): Promise<Key | null>
  /** Moves `lastUsedMs` on. */
  noteUse(fleetId: string, id: string, atMs: number): Promise<void>
}
