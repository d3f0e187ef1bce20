import type { StatusKind } from '#components/ui/status.tsx'
import { formatCount, formatDuration, formatRound, plural } from '#components/ui/format.ts'
import type { ConflictSort } from '#lib/query/conflict-fields.ts'
import { NO_FIELD, UNKNOWN_VERSION, WHOLE_RECORD } from '#lib/query/conflict-words.ts'
import { fieldName } from '#lib/protocol/field-name.ts'
import { matchSentence, type ListScope } from '../list-scope.ts'
import type { ConflictRow } from './conflict-row.ts'

export const SORT_WORDS: Readonly<Record<ConflictSort, string>> = {
  waiting: 'longest wait first',
  newest: 'newest first',
}

/** How long a conflict may wait, by collection; `fleet` for those that set nothing. Milliseconds. */
export type WaitLimits = { readonly fleet: number; readonly byCollection: Readonly<Record<string, number>> }

const limitOf = ({ fleet, byCollection }: WaitLimits, collection: string): number =>
  Object.hasOwn(byCollection, collection) ? (byCollection[collection] ?? fleet) : fleet

/** How one stands, as shape and word. Pure. */
export function standing(
  {
    status,
    collection,
    createdAtMs,
    closure,
  }: Pick<ConflictRow, 'status' | 'collection' | 'createdAtMs' | 'closure'>,
  nowMs: number,
  limits: WaitLimits,
): { readonly kind: StatusKind; readonly word: string } {
  if (status === 'resolved')
    return { kind: 'ok', word: closure === null ? 'settled automatically' : 'decided' }
  return nowMs - createdAtMs > limitOf(limits, collection)
    ? { kind: 'crit', word: 'overdue' }
    : { kind: 'warn', word: 'waits' }
}

/** A contested field in words, the same on chips, groups and rows. Pure. */
export function placeWords(place: string): string {
  if (place === WHOLE_RECORD) return 'the whole record'
  return place === NO_FIELD ? 'different fields' : fieldName(place)
}

/** "2.4.0 against 2.4.1", device's side first. Pure. */
export function pairWords({
  appVersion,
  remoteAppVersion,
}: Pick<ConflictRow, 'appVersion' | 'remoteAppVersion'>): string {
  const local = appVersion === '' ? UNKNOWN_VERSION : appVersion
  return `${local} against ${remoteAppVersion ?? UNKNOWN_VERSION}`
}

/** Fields that a row names; more are counted. */
const FIELDS_NAMED_MAX = 2

/** "status, title and 1 more". Pure. */
export function fieldsWords(fields: readonly string[]): string {
  if (fields.length === 0) return placeWords(NO_FIELD)
  if (fields.includes('')) return placeWords(WHOLE_RECORD)
  const more = fields.length - FIELDS_NAMED_MAX
  const named = fields.slice(0, FIELDS_NAMED_MAX).map(fieldName).join(', ')
  return more > 0 ? `${named} and ${more} more` : named
}

export type OpenFigures = {
  /** Open conflicts of the fleet, whatever the filter. */
  readonly open: number
  /** When the oldest of them arose; null for none. */
  readonly oldestAtMs: number | null
  /** Of the oldest; null for none. */
  readonly oldestCollection: string | null
  readonly limits: WaitLimits
}

/** How many conflicts wait for a person, and whether that is too long. Pure. */
export function deskSentence(
  { open, oldestAtMs, oldestCollection, limits }: OpenFigures,
  nowMs: number,
): string {
  if (open === 0 || oldestAtMs === null || oldestCollection === null) return 'No conflict waits for a person'
  const many = `${plural(open, 'conflict')} ${open === 1 ? 'waits' : 'wait'}`
  const waited = nowMs - oldestAtMs
  const limitMs = limitOf(limits, oldestCollection)
  const late = waited > limitMs ? `, longer than the ${formatRound(limitMs)} that it may` : ''
  return `${many} for a person; the oldest has waited ${formatRound(waited)}${late}`
}

/** The page's first line under a filter. Pure. */
export const filteredSentence = (shown: number, scope: ListScope): string =>
  matchSentence(shown, (count) => plural(count, 'conflict'), scope)

export type Settled = {
  readonly count: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly kept: Readonly<Record<'mine' | 'theirs' | 'merged', number>>
}

/** What people decided in a time ("last 24 h", "in the time chosen"), and how long it took them. Pure. */
export function settledSentence({ count, p50Ms, p95Ms, kept }: Settled, span: string): string {
  const within = span.startsWith('in ') ? span : `in the ${span}`
  if (count === 0) return `Nobody decided a conflict ${within}.`
  const by = [
    [kept.mine, 'the device’s side'],
    [kept.theirs, 'the server’s side'],
    [kept.merged, 'a merge'],
  ] as const
  const parts = by.flatMap(([many, what]) => (many === 0 ? [] : [`${formatCount(many)} for ${what}`]))
  return `${plural(count, 'conflict')} decided ${within}: ${parts.join(', ')}. From its rise to the decision: half within ${formatDuration(p50Ms)}, 95 % within ${formatDuration(p95Ms)}.`
}
