import { formatCount, plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import { matchSentence, type ListScope } from '../list-scope.ts'
import type { AuditRow } from './audit-row.ts'

export const KIND_WORDS: Readonly<Record<NonNullable<AuditRow['kind']>, string>> = {
  user: 'a person',
  key: 'an API key',
  device: 'a device',
  system: 'the server',
}

export const OUTCOME_WORDS: Readonly<Record<AuditRow['outcome'], { kind: StatusKind; words: string }>> = {
  done: { kind: 'ok', words: 'done' },
  denied: { kind: 'warn', words: 'denied' },
}

/** What the list says, in a sentence. Pure. */
export function auditSentence(rows: readonly AuditRow[], scope: ListScope, where: string): string {
  const entries = (count: number): string => plural(count, 'entry', 'entries')
  if (scope.q !== '') return matchSentence(rows.length, entries, scope)
  if (rows.length === 0) return `Nothing was done in ${where} yet`
  const denied = rows.filter(({ outcome }) => outcome === 'denied').length
  const shown = scope.later ? `these ${entries(rows.length)}` : `the newest ${entries(rows.length)}`
  return denied === 0 ? `No refusal among ${shown}` : `${plural(denied, 'refusal')} among ${shown}`
}

export interface ChainWords {
  readonly kind: StatusKind
  readonly words: string
  /** The last entry that was found in order: number and the beginning of its mac. Null where that is not the chain's end. */
  readonly head: string | null
}

/** Enough of a mac to be compared by eye. */
const MAC_SHOWN_CHARS = 12

/** What a check of the chain says. Pure. */
export function chainWords({
  state,
  entries,
  upTo,
  firstBad,
  isHeadGiven,
}: {
  state: 'holds' | 'broken' | 'unfinished'
  entries: number
  upTo: { seq: number; mac: string }
  firstBad: { what: string } | null
  /** Whether one that was kept elsewhere was held against it. */
  isHeadGiven: boolean
}): ChainWords {
  if (firstBad !== null) return { kind: 'crit', words: `Chain broken. ${firstBad.what}`, head: null }
  if (state === 'unfinished')
    return { kind: 'unk', words: `Checked up to entry ${formatCount(upTo.seq)}…`, head: null }
  const kept = isHeadGiven ? ', and the head that was kept elsewhere is in it' : ''
  return {
    kind: 'ok',
    words: `Chain holds: ${plural(entries, 'entry', 'entries')}, up to number ${formatCount(upTo.seq)}${kept}`,
    head: upTo.seq === 0 ? null : `${upTo.seq}:${upTo.mac.slice(0, MAC_SHOWN_CHARS)}…`,
  }
}
