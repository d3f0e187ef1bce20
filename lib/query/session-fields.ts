import { isUuid } from '#lib/kernel/uuid.ts'
import type { SESSION_RESULTS } from '#lib/protocol/session.ts'
import { choicesOf, deviceField, PLATFORM_FIELD, sourceField, versionField } from './choices.ts'
import type { Fields, Filter } from './field.ts'

type SessionResult = (typeof SESSION_RESULTS)[number]

/** What a session may have, for `has:`. */
export type SessionMark = 'conflict' | 'dead' | 'defect' | 'report'

/** The keys of the sessions list. Free words are looked for in the device’s name. */
export const SESSION_FIELDS = {
  device: deviceField('the device’s whole name or its id'),
  collection: {
    kind: 'text',
    meaning: 'a collection that the session pushed changes of',
    examples: ['collection:reports'],
  },
  version: versionField('the app version that ran it'),
  platform: PLATFORM_FIELD,
  source: sourceField('the engine that told of it; `tidemark` for the one in here'),
  result: {
    kind: 'choice',
    choices: choicesOf<SessionResult>({
      ok: 'it came to its end',
      failed: 'it gave up',
      abandoned: 'the app was closed in the middle, or never told',
    }),
    meaning: 'how it ended',
    examples: ['result:failed', '-result:ok'],
  },
  mode: {
    kind: 'choice',
    choices: [
      { value: 'delta', meaning: 'what changed since' },
      { value: 'full', meaning: 'everything anew' },
    ],
    meaning: 'what it read',
    examples: ['mode:full'],
  },
  code: {
    kind: 'text',
    meaning: 'an error code that a request of it was answered with, or that it set a change aside with',
    examples: ['code:breaker_open'],
  },
  has: {
    kind: 'choice',
    choices: choicesOf<SessionMark>({
      conflict: 'a change of it met a conflict',
      dead: 'a change of it is a dead letter',
      defect: 'its steps are not those of the state machine',
      report: 'the device told of it; without, the server concluded it from pushes',
    }),
    meaning: 'what came of it',
    examples: ['has:conflict', 'has:dead'],
  },
  took: {
    kind: 'duration',
    meaning: 'from its start to its end, where it was told',
    examples: ['took:>30s'],
  },
  lag: {
    kind: 'duration',
    meaning: 'the longest upload lag of a change that it pushed: from made to committed',
    examples: ['lag:>5m'],
  },
  queue: { kind: 'count', meaning: 'changes in the device’s queue at its end', examples: ['queue:>100'] },
  pushed: { kind: 'count', meaning: 'changes that it pushed', examples: ['pushed:>0'] },
  pulled: { kind: 'count', meaning: 'changes that it pulled', examples: ['pulled:>=500'] },
} as const satisfies Fields

export type SessionKey = keyof typeof SESSION_FIELDS

/** Keys whose values are counted beside the list. */
export const SESSION_FACETS = [
  'result',
  'version',
  'platform',
  'source',
  'code',
  'collection',
] as const satisfies readonly SessionKey[]
/** Sessions that are looked at to count them: the newest. */
export const SESSION_FACET_ROWS_MAX = 20_000
/**
 * Sessions that one page, and the counts beside it, look through, newest first: a filter that fits few of them, or none,
 * has a page with fewer, and goes on behind.
 */
export const SESSION_LOOK_MAX = 25_000
/** The same where the list's index doesn't hold what is asked for, so that each row is read. */
export const SESSION_LOOK_ROWS_MAX = 10_000
/** Keys that the list's index doesn't hold. */
const ROW_KEYS: ReadonlySet<SessionKey> = new Set<SessionKey>(['collection', 'code', 'source'])

/** How many sessions a page looks through for these conditions. */
export const sessionLook = (conditions: Filter<SessionKey>): number =>
  conditions.some((condition) => condition.kind !== 'words' && ROW_KEYS.has(condition.key))
    ? SESSION_LOOK_ROWS_MAX
    : SESSION_LOOK_MAX

/** A condition on devices by nothing but ids: their sessions are found however far back, without looking through others. */
export const isByDeviceId = (condition: Filter<SessionKey>[number]): boolean =>
  condition.kind === 'is' &&
  condition.key === 'device' &&
  !condition.not &&
  condition.values.every((text) => isUuid(text.toLowerCase()))
