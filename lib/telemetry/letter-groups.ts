/** Groups that are read one by one: a defective app that puts another place into every letter makes as many. */
export const LETTER_GROUPS_MAX = 1_000
/** App versions that a group names, the most frequent. */
export const GROUP_VERSIONS_MAX = 5
/** Hours of a group's sparkline. */
export const GROUP_HOURS = 24

/** `resolved`: no letter of it is open. */
export type GroupState = 'open' | 'snoozed' | 'resolved'

/** Dead letters of one cause, those of the groups that were merged into it among them. Times in Unix ms. */
export interface LetterGroup {
  readonly id: string
  readonly state: GroupState
  /** Of the newest letter that is counted, as are `collection`, `schemaVersion`, `place` and `detail`. */
  readonly code: string
  readonly collection: string
  readonly schemaVersion: number
  /** A path without indices and ids, or the id of a rule; null where the letter names no place. */
  readonly place: string | null
  readonly detail: string
  readonly newestLetterId: string
  /** Letters that the filter asks for; without one those that are open. */
  readonly count: number
  readonly devices: number
  /** Most letters first, at most GROUP_VERSIONS_MAX; the letters of the others are a number. */
  readonly versions: readonly { readonly appVersion: string; readonly count: number }[]
  readonly versionsLeftOut: number
  readonly firstAtMs: number
  readonly lastAtMs: number
  /** Letters that came in each of the last GROUP_HOURS hours, open still or not; the last hour is the running one. */
  readonly byHour: readonly number[]
  /** Of any letter of it. */
  readonly lastReplay: {
    readonly letterId: string
    readonly atMs: number
    readonly status: string
    readonly detail: string | null
  } | null
  /** What people said of it; `version` is 0 where nobody did. */
  readonly title: string | null
  readonly note: string
  readonly owner: string | null
  readonly snoozedUntilMs: number | null
  /** It holds what somebody split off. */
  readonly byHand: boolean
  /** Groups that were merged into it, those merged into them among them. */
  readonly mergedIds: readonly string[]
  readonly version: number
}

export interface LetterGroups {
  /** Most letters first, then the newest; bounded. */
  readonly groups: readonly LetterGroup[]
  /** Of all, those past the bound among them. */
  readonly totals: GroupTotals
  /** Letters of each app version, of all groups. */
  readonly byVersion: Readonly<Record<string, number>>
}
export interface GroupTotals {
  readonly groups: number
  readonly letters: number
}

/** When the first hour of a sparkline begins. Pure. */
export const groupHoursFromMs = (nowMs: number): number =>
  (Math.floor(nowMs / HOUR_MS) + 1 - GROUP_HOURS) * HOUR_MS

/** Pure. */
export function groupState(open: number, snoozedUntilMs: number | null, nowMs: number): GroupState {
  if (open === 0) return 'resolved'
  return snoozedUntilMs !== null && snoozedUntilMs > nowMs ? 'snoozed' : 'open'
}

const HOUR_MS = 3_600_000
