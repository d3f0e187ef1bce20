import type { Json } from '#lib/kernel/json.ts'

/** The tables of a replica; what stands in them is declared in tables.ts. */
export const TABLES = [
  'meta',
  'records',
  'outbox',
  'outbox_by_id',
  'outbox_by_record',
  'acknowledged',
  'session_reports',
  'notices',
] as const
export type Table = (typeof TABLES)[number]

export interface StoreEntry {
  readonly key: string
  readonly value: Json
}

/** Entries whose key starts with `prefix` and sorts after `after`, in key order, at most `limit`. */
export interface Scan {
  readonly prefix?: string
  readonly after?: string
  readonly limit: number
}

export interface StoreTx {
  get(table: Table, key: string): Promise<Json | undefined>
  put(table: Table, key: string, value: Json): Promise<void>
  remove(table: Table, key: string): Promise<void>
  scan(table: Table, scan: Scan): Promise<readonly StoreEntry[]>
}

/**
 * What a replica keeps on its device: ordered maps of JSON with transactions, and no more, so that every store is
 * small and one contract suite holds them all. Keys are ASCII and sort by code unit.
 */
export interface ReplicaStore {
  /** Names this opening of the store, for the session lock (SM2). */
  readonly owner: string
  /**
   * One atomic, isolated, durable transaction; a throw leaves no trace. `work` waits for nothing but `tx`.
   * Fails with ReplicaError `quota_exceeded` or `store_failed`.
   */
  transact<T>(work: (tx: StoreTx) => Promise<T>): Promise<T>
  /** True when that opening surely ended, so that its lock may be taken before its lease is over. */
  isGone(owner: string): boolean
  close(): Promise<void>
}
