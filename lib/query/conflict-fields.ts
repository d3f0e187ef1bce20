import { isUuid } from '#lib/kernel/uuid.ts'
import { STRATEGIES } from '#lib/protocol/device.ts'
import { choicesOf, deviceField, versionField } from './choices.ts'
import { NO_FIELD, NOBODY, UNKNOWN_VERSION, WHOLE_RECORD } from './conflict-words.ts'
import type { Fields, Filter } from './field.ts'

export type ConflictStatus = 'resolved' | 'open'
export type ConflictOutcome = 'local' | 'remote' | 'merge' | 'manual'
export type KeptSide = 'mine' | 'theirs' | 'merged'

/** The keys of the conflicts list. Free words are looked for in the device’s name. */
export const CONFLICT_FIELDS = {
  status: {
    kind: 'choice',
    choices: choicesOf<ConflictStatus>({
      open: 'it waits for a person',
      resolved: 'it is settled, automatically or by a person',
    }),
    meaning: 'whether it is settled',
    examples: ['status:open', 'status:open,resolved'],
  },
  collection: { kind: 'text', meaning: 'its collection', examples: ['collection:reports'] },
  field: {
    kind: 'text',
    meaning: `a field that both sides changed; \`${WHOLE_RECORD}\` for the whole record, \`${NO_FIELD}\` for none`,
    examples: ['field:/status', `field:${WHOLE_RECORD}`],
  },
  version: versionField(
    `the app version of the device whose change met the conflict; \`${UNKNOWN_VERSION}\` where it isn’t known`,
  ),
  against: {
    kind: 'text',
    meaning: `the app version that had written what the change met; \`${UNKNOWN_VERSION}\` where it isn’t known`,
    examples: ['against:2.4.1'],
  },
  strategy: {
    kind: 'choice',
    choices: STRATEGIES.map((value) => ({ value, meaning: `decided as ${value}` })),
    meaning: 'the strategy that decided, or sent it to a person',
    examples: ['strategy:lww'],
  },
  outcome: {
    kind: 'choice',
    choices: choicesOf<ConflictOutcome>({
      local: 'the device’s side won',
      remote: 'the server’s side won',
      merge: 'both were merged',
      manual: 'it went to a person',
    }),
    meaning: 'who won when it arose',
    examples: ['outcome:local,remote'],
  },
  kept: {
    kind: 'choice',
    choices: choicesOf<KeptSide>({
      mine: 'the device’s side',
      theirs: 'the server’s side',
      merged: 'a third version',
    }),
    meaning: 'what a person kept',
    examples: ['kept:merged'],
  },
  assigned: {
    kind: 'text',
    meaning: `who looks after it; \`${NOBODY}\` where nobody is named`,
    examples: ['assigned:"night ops"', `assigned:${NOBODY}`],
  },
  device: deviceField('the whole name or the id of the device whose change met the conflict'),
  record: {
    kind: 'id',
    meaning: 'the record that it is about',
    examples: ['record:01939f6e-2b1c-7abc-8def-0123456789ab'],
  },
  session: {
    kind: 'id',
    meaning: 'the session that pushed the change',
    examples: ['session:01939f6e-2b1c-7abc-8def-0123456789ab'],
  },
  id: { kind: 'id', meaning: 'its own id', examples: ['id:01939f6e-2b1c-7abc-8def-0123456789ab'] },
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
  arose: {
    kind: 'time',
    meaning: 'when it arose here',
    examples: ['arose:>4h', 'arose:2026-11-24', 'arose:2026-11-24T09:00Z..2026-11-24T12:00Z'],
  },
} as const satisfies Fields

export type ConflictKey = keyof typeof CONFLICT_FIELDS

/** Keys whose values are counted beside the list. */
export const CONFLICT_FACETS = [
  'status',
  'collection',
  'field',
  'version',
  'against',
  'strategy',
  'assigned',
] as const satisfies readonly ConflictKey[]
/** Conflicts that one page, the counts beside it and its groups look through, in the list's order. */
export const CONFLICT_LOOK_MAX = 25_000

/** Longest wait first, or newest first. */
export const CONFLICT_SORTS = ['waiting', 'newest'] as const
export type ConflictSort = (typeof CONFLICT_SORTS)[number]

/** Where both sides changed something, as the filter's words for it; JSON Pointers but for the two words. Pure. */
export function conflictPlaces(fields: readonly string[]): readonly string[] {
  if (fields.length === 0) return [NO_FIELD]
  return [...new Set(fields.map((pointer) => (pointer === '' ? WHOLE_RECORD : pointer)))]
}

const INDEXED: ReadonlySet<ConflictKey> = new Set<ConflictKey>([
  'status',
  'id',
  'record',
  'session',
  'operation',
  'failed',
  'skipped',
])

/** Conditions that stand where the rows are found, and not only where they are looked through. Pure. */
export function isConflictIndexed(condition: Filter<ConflictKey>[number]): boolean {
  if (condition.kind === 'within') return condition.key === 'arose' && !condition.not
  if (condition.kind !== 'is' || condition.not) return false
  const isById = condition.key === 'device' && condition.values.every((text) => isUuid(text.toLowerCase()))
  return INDEXED.has(condition.key) || isById
}
