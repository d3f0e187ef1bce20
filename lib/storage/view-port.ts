import type { AuditEntry } from './rows.ts'

export type ViewPage = 'sessions' | 'devices' | 'conflicts' | 'dead-letters'

/** An address of a list that somebody kept under a name. Times in Unix ms. */
export interface SavedView {
  readonly id: string
  readonly fleetId: string
  readonly page: ViewPage
  readonly name: string
  /** Of the page's address: search, range, order. */
  readonly params: Readonly<Record<string, string>>
  /** Everyone in the fleet sees it. */
  readonly shared: boolean
  /** Who kept it, by their id as an actor. */
  readonly ownerId: string
  readonly ownerName: string
  readonly createdAtMs: number
}

/** What becomes of a view, with its entry where that is audited; null takes it away. */
export interface ViewChange {
  readonly next: SavedView | null
  readonly audit: AuditEntry | null
}

/** Saved views (ports.ts). */
export interface ViewPort {
  /** `name_taken` by another view of the same owner and page; `full` when `isFull` says so of those of the page. */
  add(
    view: SavedView,
    isFull: (others: readonly SavedView[]) => boolean,
    audit: AuditEntry | null,
  ): Promise<'added' | 'name_taken' | 'full'>
  /** Of every owner, by name. */
  list(fleetId: string, page: ViewPage): Promise<readonly SavedView[]>
  /**
   * Changes a view as it then is, beside the others of its page; a throw is the caller's refusal. The view as it was
   * changed or taken away; null for an unknown one.
   */
  change(
    fleetId: string,
    id: string,
    change: (view: SavedView, others: readonly SavedView[]) => ViewChange,
  ): Promise<SavedView | 'name_taken' | null>
}
