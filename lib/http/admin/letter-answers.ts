import { z } from 'zod'
import { DEAD_LETTER_CODES } from '#lib/protocol/error-codes.ts'
import { LETTER_DEEDS } from '#lib/application/dead-letters/letter-history.ts'
import { jsonObject, operation, uuid } from '#lib/protocol/mutation.ts'
import { mutationResult } from '../openapi-answers.ts'
import { outcomeCount, prediction } from './prediction-answers.ts'

/** What the operator API answers about dead letters, for its contract. Times ending in `Ms` are Unix ms. */
const count = z.int().min(0)
const ms = z.int()

export const mutation = z.looseObject({
  id: uuid,
  collection: z.string(),
  recordId: uuid,
  op: z.looseObject({ type: z.string() }),
})
export const recordState = z.looseObject({
  collection: z.string(),
  recordId: uuid,
  version: count,
  deleted: z.boolean(),
})

export const letterAnswer = z.object({
  id: uuid,
  fleetId: uuid,
  mutation,
  code: z.enum(DEAD_LETTER_CODES),
  detail: z.string(),
  path: z.string().nullable(),
  base: jsonObject.nullable(),
  parentMutationId: uuid.nullable(),
  deviceId: uuid,
  deviceName: z.string(),
  sessionId: uuid.nullable(),
  appVersion: z.string(),
  madeAtMs: ms,
  createdAtMs: ms,
  status: z.enum(['open', 'replayed', 'discarded']),
  attempts: count,
  lastReplay: z.object({ atMs: ms, status: z.string(), detail: z.string().nullable() }).nullable(),
  discardedAtMs: ms.nullable(),
  discardedWith: uuid.nullable(),
  editedAs: uuid.nullable(),
  fingerprint: uuid,
  fingerprintVersion: count,
  place: z.string().nullable(),
  said: z.string(),
  groupId: uuid,
})
export const letterGroup = z.object({
  id: uuid,
  state: z.enum(['open', 'snoozed', 'resolved']),
  /** Of the newest letter that is counted, as are collection, schemaVersion, place and detail. */
  code: z.enum(DEAD_LETTER_CODES),
  collection: z.string(),
  schemaVersion: count,
  place: z.string().nullable(),
  detail: z.string(),
  newestLetterId: uuid,
  count,
  devices: count,
  versions: z.array(z.object({ appVersion: z.string(), count })),
  versionsLeftOut: count,
  firstAtMs: ms,
  lastAtMs: ms,
  /** Of the last 24 hours, the running one last. */
  byHour: z.array(count),
  lastReplay: z
    .object({ letterId: uuid, atMs: ms, status: z.string(), detail: z.string().nullable() })
    .nullable(),
  title: z.string().nullable(),
  note: z.string(),
  owner: z.string().nullable(),
  snoozedUntilMs: ms.nullable(),
  byHand: z.boolean(),
  mergedIds: z.array(uuid),
  /** 0 where nobody said anything of it. */
  version: count,
})
export const letterGroups = z.object({
  items: z.array(letterGroup),
  nextCursor: z.string().nullable(),
  total: count,
  /** Of all groups, those past the list's bound among them. */
  totals: z.object({ groups: count, letters: count }),
})
export const rejoinedGroup = z.object({ id: uuid })
const letterEvent = z.object({
  id: uuid,
  atMs: ms,
  deed: z.enum(LETTER_DEEDS),
  by: z.object({ kind: z.enum(['user', 'key', 'device', 'system']), name: z.string() }),
  reason: z.string().nullable(),
  /** Of a replay or an edit; the rest has none. */
  result: z.string().nullable(),
  code: z.string().nullable(),
  conflictId: uuid.nullable(),
  /** What an edit changed, as pointers into the operation and as JSON; masked like the letter. */
  changes: z.array(
    z.object({ pointer: z.string(), before: z.string().nullable(), after: z.string().nullable() }),
  ),
  /** The letter that took this one along. */
  with: uuid.nullable(),
})
export const letterDetail = z.object({
  letter: letterAnswer,
  base: jsonObject.nullable(),
  op: operation,
  device: jsonObject.nullable(),
  server: recordState.nullable(),
  issues: z.array(z.looseObject({ path: z.string(), message: z.string() })),
  /** Where masks stand in these documents, as JSON Pointers. */
  masked: z.array(z.string()),
  collection: z.looseObject({ id: uuid, name: z.string(), schemaVersion: count }).nullable(),
  poisoned: z.boolean(),
  /** Unix ms; null for one that isn't discarded. */
  restorableUntilMs: ms.nullable(),
  /** When a closed one is deleted; null for an open one, which never is. */
  keptUntilMs: ms.nullable(),
  held: z.array(letterAnswer),
  /** Newest first. */
  history: z.array(letterEvent),
})
export const letterForecast = prediction
  .pick({ outcome: true, code: true, detail: true, path: true })
  .extend({
    /** As it would stand then; null where there would be none, and where the edit writes masked fields. */
    record: z.object({ version: count, deleted: z.boolean(), data: jsonObject.nullable() }).nullable(),
    /** What is held behind it and would follow. */
    behind: z.array(outcomeCount),
    assumesAuthority: z.boolean(),
  })
const json = z.unknown()
export const revealed = z.object({
  /** Left out: nothing stands there. */
  fields: z.array(
    z.object({
      pointer: z.string(),
      base: json.optional(),
      device: json.optional(),
      server: json.optional(),
    }),
  ),
  op: operation,
  detail: z.string(),
})
export const purgedLetter = z.object({ id: uuid })
export const replayAnswer = z.object({
  result: mutationResult,
  held: z.array(mutationResult),
  moreHeld: z.boolean(),
})
export const editAnswer = replayAnswer.extend({ mutationId: uuid.nullable() })
export const reopenedLetter = letterAnswer.extend({ held: z.array(uuid) })
export const discardedLetter = reopenedLetter.extend({ moreHeld: z.boolean() })
