import type { Json } from '#lib/kernel/json.ts'
import type { Peers } from './peers.ts'

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
  count(table: Table): Promise<number>
}

/** What a store could not read of itself. */
export interface Salvage {
  /** Rows that are lost and whose keys are known; at most UNREADABLE_TOLD_MAX. */
  readonly unreadable: readonly { readonly table: Table; readonly key: string }[]
  /** Tables that lost rows, nobody knows which. */
  readonly incomplete: readonly Table[]
  /** Where the broken store lies now, untouched; null when it was mended in place. */
  readonly setAside: string | null
}
export const UNREADABLE_TOLD_MAX = 1_000
/** The row of `meta` in which a store's Salvage stands until the rebuild has told it. */
export const SALVAGED = 'salvaged'
export const NOTHING_LOST: Salvage = { unreadable: [], incomplete: [], setAside: null }

/** A session with the server, or its stream of events: each is one opening's at a time. */
export type LockPurpose = 'session' | 'events'

/**
 * What a replica keeps on its device: ordered maps of JSON with transactions, and little more, so that every store is
 * small and one contract suite holds them all. Keys are ASCII and sort by code unit.
 */
export interface ReplicaStore extends Peers {
  readonly kind: 'memory' | 'sqlite' | 'indexeddb'
  /** Names this opening of the store, for the session lock (SM2). */
  readonly owner: string
  /**
   * One atomic, isolated, durable transaction; a throw leaves no trace. `work` waits for nothing but `tx`, and may be
   * run again. Fails with ReplicaError `quota_exceeded`, `store_corrupt` or `store_failed`.
   */
  transact<T>(work: (tx: StoreTx) => Promise<T>): Promise<T>
  /**
   * The platform's own lock over all openings, where it has one: what lets go of it, or null when another holds it.
   * @param steal takes it from that one, whose lease is over (SM2)
   * @param onStolen hears that another opening did so
   */
  hold(purpose: LockPurpose, steal?: boolean, onStolen?: () => void): Promise<(() => void) | null>
  /** True when that opening surely ended, so that its lock may be taken before its lease is over. */
  isGone(owner: string): boolean
  /** True when the store found itself damaged: what it still holds is whole rows, but not all of them. */
  isDamaged(): boolean
  /** Makes every row that is left readable, and tells what was lost since the last call. Nothing is deleted for good. */
  salvage(): Promise<Salvage>
  close(): Promise<void>
}
