import type { AuditKey } from '#lib/query/audit-fields.ts'
import type { Filter } from '#lib/query/field.ts'
import type { AuditEntry, Page, PageRequest } from './rows.ts'

/** The last link of the chain: how many entries it has, and the mac of the last one; 0 and '' where there is none. */
export interface AuditHead {
  readonly seq: number
  readonly mac: string
}
/** Of an empty chain: before the first entry. */
export const NO_HEAD: AuditHead = { seq: 0, mac: '' }

/** Where an entry stands in the chain; null for one of before there was a chain. */
export type StoredAudit = AuditEntry & { readonly seq: number | null; readonly mac: string | null }

/** One link as it is stored, beside the mac that it must have behind the stored one before it. */
export interface AuditLink {
  readonly entry: AuditEntry
  readonly seq: number
  readonly mac: string
  readonly expected: string
}

/** An entry that is no link of the chain, with the mac that it is adopted with. */
export interface UnchainedAudit {
  readonly entry: AuditEntry
  readonly expected: string
  /** No version of ours wrote such a row: its number is below one, or its time none. It is never adopted. */
  readonly isForged: boolean
}

export interface AuditFilter {
  /** Null for those of all fleets and of none. */
  readonly fleetId: string | null
  readonly action: string | null
  readonly conditions?: Filter<AuditKey>
  /** How many a page looks through; AUDIT_LOOK_MAX where nobody says. */
  readonly lookMax?: number
}

/**
 * What was done and what was refused (decision 0065). Entries are appended, in transactions of their own or in those of
 * what they tell of, and chained as these are committed; none is changed or taken away.
 */
export interface AuditPort {
  append(entry: AuditEntry): Promise<void>
  /** Newest first. A page of a filter may have few items, or none, and still go on behind them. */
  list(filter: AuditFilter, page: PageRequest): Promise<Page<StoredAudit>>
  get(id: string): Promise<StoredAudit | null>
  /** Newest first: what was done to one thing of a fleet, or with null of none. */
  ofTarget(fleetId: string | null, target: string, limit: number): Promise<readonly AuditEntry[]>
  head(): Promise<AuditHead>
  /** The entry with the highest number, whatever the head says, and then the head; 0 for none. */
  last(): Promise<{ readonly seq: number; readonly id: string | null; readonly head: AuditHead }>
  /** Links behind a head that have one of the next `limit` numbers, in their order; two where a number was forged. */
  links(behind: AuditHead, limit: number): Promise<readonly AuditLink[]>
  /** Entries without a number, or with one below one, oldest first, behind a place; with null from the very first one on. */
  unchained(
    behind: { readonly atMs: number; readonly id: string } | null,
    limit: number,
  ): Promise<readonly UnchainedAudit[]>
}
