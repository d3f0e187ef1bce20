import { topField } from '#lib/protocol/field-name.ts'
import { formatCount, plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import { causeText, versionsText } from '#lib/protocol/dead-letter-cause.ts'
import { issueWords } from '#lib/protocol/issue-words.ts'
import type { LetterDeed } from '#lib/application/dead-letters/letter-history.ts'
import type { GroupTotals, LetterGroup } from '#lib/application/letter-groups/list-groups.ts'

/** The page's first line. Pure. */
export function boardSentence(
  groups: readonly Pick<LetterGroup, 'count'>[],
  { groups: causes, letters: open }: GroupTotals,
): string {
  const top = groups[0]
  if (top === undefined) return 'No dead letter is open'
  if (open === 1) return 'One change failed for good; its payload is kept'
  if (causes === 1) return `All ${formatCount(open)} dead letters share one cause`
  if (top.count > open / 2)
    return `${formatCount(top.count)} of ${formatCount(open)} dead letters share one cause`
  return `${formatCount(open)} dead letters have ${plural(causes, 'cause')}`
}

/** The first line of a page with a filter: of the letters that match, or of the one cause that is asked for. Pure. */
export function filteredSentence(
  {
    totals,
    group,
    matching,
    status,
  }: {
    readonly totals: GroupTotals
    readonly group: LetterGroup | null
    readonly matching: number
    readonly status: string | null
  },
  q: string,
): string {
  if (group !== null)
    return matching === 0
      ? `No dead letter of this cause is ${status ?? 'here'}`
      : `${plural(matching, 'dead letter')} of this cause ${matching === 1 ? 'is' : 'are'} ${status ?? 'here'}`
  if (matching === 0) return `No ${status ?? ''} dead letter matches “${q}”`.replace('  ', ' ')
  const matches = `${plural(matching, 'dead letter')} ${matching === 1 ? 'matches' : 'match'} “${q}”`
  return totals.groups > 1 ? `${matches}, of ${plural(totals.groups, 'cause')}` : matches
}

export function boardEvidence(groups: readonly LetterGroup[]): string {
  const top = groups[0]
  if (top === undefined) return 'What can never apply as it is waits here until a person decides.'
  return `${versionsText(top)} on ${top.collection}: ${causeText(top).replace(/\.$/, '')}. Nothing is lost: every payload is kept.`
}

/** Why a change can never apply as it is, in plain words. A full Record. */
export const CODE_WORDS: Record<DeadLetterDetail['letter']['code'], string> = {
  schema_mismatch: 'The collection’s schema refuses the record that this change would make',
  schema_ahead:
    'It was made with a schema version that is not published here yet; it replays by itself when it is',
  rule_violation: 'It breaks a business rule of the collection',
  authority_refused: 'The system that owns this data refused it',
  unknown_collection: 'This fleet has no collection of that name',
  too_large: 'It, or what its record would become, is larger than may be',
  parent_dead_lettered: 'It was made on top of a change that is itself a dead letter; it replays with it',
  underivable: 'Its effect cannot be worked out on the record as it is',
  exhausted: 'It was tried as often as allowed and never settled',
}

/** What somebody did to a letter. A full Record. */
export const DEED_WORDS: Record<LetterDeed, string> = {
  replay: 'Replayed',
  edit: 'Edited and replayed',
  discard: 'Discarded',
  restore: 'Restored',
  reveal: 'Masked fields shown, once,',
}

/** One letter in a sentence: what stands in its way today. Pure. */
export function letterSentence(detail: DeadLetterDetail): string {
  const { letter, issues, collection, held } = detail
  const followers =
    held.length === 0
      ? ''
      : `; ${plural(held.length, 'change')} ${held.length === 1 ? 'waits' : 'wait'} behind it`
  if (letter.status === 'replayed') return `Replayed: ${outcomeWords(letter.lastReplay?.status ?? 'applied')}`
  if (letter.status === 'discarded') return 'Discarded; its payload is kept here'
  if (collection === null) return `No collection is called “${letter.mutation.collection}”${followers}`
  if (issues.length > 0) {
    const fields = new Set(issues.map(({ path }) => path)).size
    return `${plural(fields, 'place')} ${fields === 1 ? 'is' : 'are'} refused by schema v${collection.schemaVersion}${followers}`
  }
  if (passesNow(detail))
    return `Schema v${collection.schemaVersion} accepts it now: a replay can apply${followers}`
  return `${CODE_WORDS[letter.code]}${followers}`
}

/** The schema that refused it accepts the document as it is now; where none could be made, nothing is accepted. Pure. */
export const passesNow = ({ letter, issues, collection, device, op }: DeadLetterDetail): boolean =>
  collection !== null &&
  (letter.code === 'schema_mismatch' || letter.code === 'schema_ahead') &&
  letter.mutation.schemaVersion <= collection.schemaVersion &&
  issues.length === 0 &&
  (device !== null || op.type === 'delete')

const OUTCOMES: Readonly<Record<string, { kind: StatusKind; words: string }>> = {
  applied: { kind: 'ok', words: 'it was applied' },
  merged: { kind: 'ok', words: 'it was merged with newer changes' },
  duplicate: { kind: 'ok', words: 'it had been applied before' },
  superseded: { kind: 'warn', words: 'a newer change won, so it had no effect' },
  conflict: { kind: 'warn', words: 'it met a conflict that a person has to resolve' },
  dead_lettered: { kind: 'crit', words: 'it was refused again' },
  retry: { kind: 'warn', words: 'the authority could not be asked, so it stays here' },
  shed: { kind: 'warn', words: 'the authority’s breaker is open, so it stays here' },
}

export const outcomeWords = (status: string): string =>
  OUTCOMES[status]?.words ?? `the server answered ${status.replaceAll('_', ' ')}`
export const outcomeKind = (status: string): StatusKind => OUTCOMES[status]?.kind ?? 'unk'

/** What a replay's answer says, for the toast. `body` is what the API answered, not trusted in its shape. Pure. */
export function replayToast(body: unknown): { kind: StatusKind; text: string } {
  const { result, held, moreHeld } = (body ?? {}) as {
    result?: { status?: unknown; detail?: unknown }
    held?: unknown
    moreHeld?: unknown
  }
  const status = typeof result?.status === 'string' ? result.status : 'unknown'
  const followers =
    Array.isArray(held) && held.length > 0 ? `, with ${plural(held.length, 'change')} held behind it` : ''
  const more = moreHeld === true ? '; more of them are open still' : ''
  const why =
    status === 'dead_lettered' && typeof result?.detail === 'string' ? `: ${issueWords(result.detail)}` : ''
  return { kind: outcomeKind(status), text: `Replayed: ${outcomeWords(status)}${why}${followers}${more}` }
}

/** Top-level field → why it is refused, for the field table. Pure. */
export function refusedFields(issues: DeadLetterDetail['issues']): Readonly<Record<string, string>> {
  const entries = issues.flatMap(({ path, message }): [string, string][] => {
    const field = topField(path)
    return field === null ? [] : [[field, issueWords(message)]]
  })
  return Object.fromEntries(entries)
}
