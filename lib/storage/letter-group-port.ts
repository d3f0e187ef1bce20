import type { LetterGroup, LetterGroups } from '#lib/telemetry/letter-groups.ts'
import type { Filter } from '#lib/query/field.ts'
import type { LetterKey } from '#lib/query/letter-fields.ts'
import type { AuditEntry } from './rows.ts'

/** What people said of a group, and where they put it. Times in Unix ms. */
export interface GroupRow {
  readonly id: string
  /** The group at the end of what it was merged into; its own id where it was not. */
  readonly rootId: string
  readonly mergedInto: string | null
  /** It was made to hold what somebody split off; else it is that of a fingerprint. */
  readonly byHand: boolean
  readonly title: string | null
  readonly note: string
  readonly owner: string | null
  readonly snoozedUntilMs: number | null
  readonly version: number
}

export interface GroupChange {
  readonly put: readonly GroupRow[]
  /** Letters that go into a group by hand. */
  readonly move: { readonly letterIds: readonly string[]; readonly groupId: string } | null
  /** Groups made by hand that are no more: their letters go back into the groups of their fingerprints. */
  readonly drop: readonly string[]
  readonly audit: AuditEntry
}

export interface GroupQuery {
  /** Of the letters that are counted, without ages (`frozen`, lib/query/frozen.ts). */
  readonly conditions: Filter<LetterKey>
  readonly nowMs: number
}

/** What the newest letter of a group says of its cause. */
export interface GroupFace extends Pick<LetterGroup, 'id' | 'code' | 'collection' | 'place' | 'detail'> {
  readonly newestLetterId: string
}

/** Groups of dead letters (ports.ts). */
export interface LetterGroupPort {
  /** The `limit` largest groups that have a letter of the conditions. */
  list(fleetId: string, query: GroupQuery, limit: number): Promise<LetterGroups>
  /** One, with all its letters counted that are open, or else all; null for one without any letter. */
  get(fleetId: string, id: string, nowMs: number): Promise<LetterGroup | null>
  /** All that people said, by id. */
  rows(fleetId: string): Promise<readonly GroupRow[]>
  /** The newest letter of each of these groups in their order, merged into another or not; none for one without any letter. */
  newestOf(fleetId: string, ids: readonly string[]): Promise<readonly GroupFace[]>
  /** A short text that is another one after each change of what people said, merges and splits among them. */
  mark(fleetId: string): Promise<string>
  /** Of those letters, by id, which there are. */
  lettersAmong(fleetId: string, letterIds: readonly string[]): Promise<readonly string[]>
  /** Changes the rows as they then are, one change at a time in a fleet; a throw is the caller's refusal. */
  change(fleetId: string, change: (rows: ReadonlyMap<string, GroupRow>) => GroupChange): Promise<void>
}
