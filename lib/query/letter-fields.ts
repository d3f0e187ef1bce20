import { isUuid } from '#lib/kernel/uuid.ts'
import { DEAD_LETTER_CODES, type DeadLetterCode } from '#lib/protocol/error-codes.ts'
import { LETTER_POISON_REPLAYS } from '#lib/protocol/limits.ts'
import { choicesOf, deviceField, versionField } from './choices.ts'
import { isAmong, type Condition, type Fields, type Filter } from './field.ts'

export type LetterStatus = 'open' | 'replayed' | 'discarded'

const codeMeaning = (code: DeadLetterCode): string => code.replaceAll('_', ' ')

/** The keys of the dead letters list. Free words are looked for in device name, place and what was said where nothing is masked. */
export const LETTER_FIELDS = {
  status: {
    kind: 'choice',
    choices: choicesOf<LetterStatus>({
      open: 'it waits for a person',
      replayed: 'it ran again and is settled',
      discarded: 'a person closed it without effect',
    }),
    meaning: 'what became of it',
    examples: ['status:open', 'status:replayed,discarded'],
  },
  code: {
    kind: 'choice',
    choices: DEAD_LETTER_CODES.map((value) => ({ value, meaning: codeMeaning(value) })),
    meaning: 'why it died',
    examples: ['code:schema_mismatch', '-code:parent_dead_lettered'],
  },
  collection: { kind: 'text', meaning: 'its collection', examples: ['collection:reports'] },
  version: versionField('the app version that made it'),
  device: deviceField('the device’s whole name or its id'),
  id: {
    kind: 'id',
    meaning: 'its own id',
    examples: ['id:01939f6e-2b1c-7abc-8def-0123456789ab'],
  },
  group: {
    kind: 'id',
    meaning: 'its group by cause, with what was merged into it',
    examples: ['group:6f15c162-825c-8757-8e2b-285cbac13783'],
  },
  session: {
    kind: 'id',
    meaning: 'the session that pushed it',
    examples: ['session:01939f6e-2b1c-7abc-8def-0123456789ab'],
  },
  operation: {
    kind: 'id',
    meaning: 'the operation that it is a member of',
    examples: ['operation:01939f6e-2b1c-7abc-8def-0123456789ab'],
  },
  failed: {
    kind: 'id',
    meaning: 'the operation that it failed in',
    examples: ['failed:01939f6e-2b1c-7abc-8def-0123456789ab'],
  },
  skipped: {
    kind: 'id',
    meaning: 'the operation that passed it over',
    examples: ['skipped:01939f6e-2b1c-7abc-8def-0123456789ab'],
  },
  rule: { kind: 'text', meaning: 'the business rule that it breaks', examples: ['rule:calm'] },
  path: {
    kind: 'text',
    meaning: 'the place in the document; `*` stands for an index or an id',
    examples: ['path:/speedIasKnots', 'path:/lines/*/price'],
  },
  replayed: { kind: 'count', meaning: 'how often it was replayed', examples: ['replayed:0', 'replayed:>=3'] },
  poison: {
    kind: 'choice',
    choices: choicesOf<'yes' | 'no'>({
      yes: `it is open after ${LETTER_POISON_REPLAYS} replays`,
      no: 'anything else',
    }),
    meaning: 'whether it died again and again; bulk actions leave it out unless this is asked for',
    examples: ['poison:yes'],
  },
  made: {
    kind: 'time',
    meaning: 'when the device made it, by its corrected clock',
    examples: ['made:<24h', 'made:2026-11-24', 'made:2026-11-24..2026-11-26'],
  },
  seen: {
    kind: 'time',
    meaning: 'when it became a dead letter here',
    examples: ['seen:<24h', 'seen:>7d', 'seen:2026-11-24T09:00Z..2026-11-24T12:00Z'],
  },
} as const satisfies Fields

export type LetterKey = keyof typeof LETTER_FIELDS

/** Keys whose values are counted beside the list. */
export const LETTER_FACETS = [
  'status',
  'code',
  'collection',
  'version',
  'rule',
  'path',
] as const satisfies readonly LetterKey[]
/** Letters that are looked at to count them: the newest. */
export const LETTER_FACET_ROWS_MAX = 25_000
/** Letters that one page, and the counts beside it, look through, newest first; the next page goes on behind. */
export const LETTER_LOOK_MAX = 25_000

/** Codes whose words the engine makes without a look at the payload: they hold nothing that could be masked (DL20). */
export const PAYLOAD_UNREAD: readonly DeadLetterCode[] = [
  'unknown_collection',
  'schema_ahead',
  'too_large',
  'parent_dead_lettered',
]

/** For a search that goes on to the end whatever it finds. */
export const LETTERS_ALL = Number.MAX_SAFE_INTEGER

const INDEXED: ReadonlySet<LetterKey> = new Set<LetterKey>([
  'status',
  'id',
  'group',
  'session',
  'operation',
  'failed',
  'skipped',
])

/** Conditions that an index finds however far back, without looking through others. */
export function isIndexed(condition: Filter<LetterKey>[number]): boolean {
  if (condition.kind === 'within') return condition.key === 'seen' && !condition.not
  if (condition.kind !== 'is' || condition.not) return false
  const isById = condition.key === 'device' && condition.values.every((text) => isUuid(text.toLowerCase()))
  return INDEXED.has(condition.key) || isById
}

/** It died at each of several replays (DL10). Pure. */
export const isPoisoned = ({
  status,
  attempts,
}: {
  readonly status: LetterStatus
  readonly attempts: number
}): boolean => status === 'open' && attempts >= LETTER_POISON_REPLAYS

/** When it was settled, Unix ms; null while it is open. Pure. */
export function closedAtMs({
  status,
  discardedAtMs,
  lastReplay,
}: {
  readonly status: LetterStatus
  readonly discardedAtMs: number | null
  readonly lastReplay: { readonly atMs: number } | null
}): number | null {
  if (status === 'open') return null
  return status === 'discarded' ? discardedAtMs : (lastReplay?.atMs ?? null)
}

/** `isAmong` of the letters' keys; the browser takes that one, without all the words that stand here. */
export const asks: (key: LetterKey, ...values: readonly string[]) => Condition<LetterKey> = isAmong

/** Letters that a bulk action takes: those of the filter, without the poisoned ones where nobody asked for them. Pure. */
export const bulkFilter = (filter: Filter<LetterKey>): Filter<LetterKey> =>
  filter.some((one) => one.kind !== 'words' && one.key === 'poison')
    ? filter
    : [...filter, asks('poison', 'no')]
