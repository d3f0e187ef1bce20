import type { JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import type { DeviceConfig, EnrollResponse } from '#lib/protocol/device.ts'
import type { PullResponse } from '#lib/protocol/pull.ts'
import type { MutationResult, PushResponse } from '#lib/protocol/push.ts'
import type { SessionsResponse } from '#lib/protocol/session.ts'

/**
 * Small checks of what a server answers, instead of a schema library in every app: each looks at what the SDK relies
 * on. An answer that fails its check counts as damaged on the way.
 */
export type Check<T> = (body: unknown) => T | null

export type Test = (value: unknown) => boolean

export const isText: Test = (value) => typeof value === 'string'
export const isFilled: Test = (value) => typeof value === 'string' && value.length > 0
export const isCount: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0
export const isCounts: Test = (value) => isJsonObject(value) && Object.values(value).every(isCount)
export const isTexts: Test = (value) => isJsonObject(value) && Object.values(value).every(isText)
const isBoolean: Test = (value) => typeof value === 'boolean'
export const listOf =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(test)
export const nullOr =
  (test: Test): Test =>
  (value) =>
    value === null || test(value)
export const shape =
  (fields: Readonly<Record<string, Test>>): Test =>
  (value) =>
    isJsonObject(value) && Object.entries(fields).every(([name, test]) => test(value[name]))

/** The one cast of this file: `test` has looked at every field of T that is used. */
const checked =
  <T>(test: Test): Check<T> =>
  (body) =>
    test(body) ? (body as T) : null

const isRecordShape = shape({
  collection: isFilled,
  recordId: isUuid,
  version: isCount,
  deleted: isBoolean,
  data: nullOr(isJsonObject),
  versionVector: isCounts,
  hlc: isText,
  schemaVersion: isCount,
})
/** Who reads a state looks at what is in it. */
const isStates: Test = (value) => value === undefined || isJsonObject(value)
const isRevision = shape({ revision: isCount })
const isRevisions: Test = (value) =>
  value === undefined || (isJsonObject(value) && Object.values(value).every(isRevision))
export const isRecord: Test = (value) =>
  isRecordShape(value) &&
  isStates((value as JsonObject)['crdt']) &&
  isRevisions((value as JsonObject)['ot']) &&
  ((value as JsonObject)['data'] === null) === (value as JsonObject)['deleted']

const EFFECTS: Readonly<Record<string, Test>> = {
  applied: shape({ version: isCount }),
  merged: shape({ version: isCount, record: isRecord, conflictId: isFilled }),
  superseded: shape({ record: isRecord, conflictId: isFilled }),
  conflict: shape({ record: nullOr(isRecord), conflictId: isFilled }),
  dead_lettered: shape({ deadLetterId: isFilled, code: isFilled, detail: isText }),
}
const statusIn =
  (tests: Readonly<Record<string, Test>>): Test =>
  (value) => {
    const status = isJsonObject(value) ? value['status'] : undefined
    return typeof status === 'string' && Object.hasOwn(tests, status) && tests[status]?.(value) === true
  }
const isResult: Test = (value) =>
  shape({ id: isUuid })(value) &&
  statusIn({
    ...EFFECTS,
    refused: shape({ code: isFilled, serverHlc: isText }),
    retry: shape({ code: isFilled, retryAfterMs: isCount }),
    shed: shape({ retryAfterMs: isCount }),
    not_applied: () => true,
    duplicate: shape({ original: statusIn(EFFECTS) }),
  })(value)

export const isConfig = shape({
  version: isCount,
  collections: listOf(shape({ name: isFilled, schemaVersion: isCount, access: isText })),
  sync: shape({ intervalMs: isCount, backoff: shape({ baseMs: isCount, capMs: isCount }) }),
})

export const checkConfig = checked<DeviceConfig>(isConfig)
export const checkEnroll = checked<EnrollResponse>(
  shape({ deviceId: isUuid, fleetId: isFilled, epoch: isCount, token: isFilled, config: isConfig }),
)
const isAdmission: Test = (value) =>
  value === undefined || shape({ place: isCount, retryAfterMs: isCount })(value)
const isPull = shape({
  changes: listOf(isRecord),
  token: isFilled,
  hasMore: isBoolean,
  snapshots: isTexts,
  admission: isAdmission,
})
export const checkPull = checked<PullResponse>(isPull)
export const checkSessions = checked<SessionsResponse>(
  shape({ results: listOf(shape({ sessionId: isText, status: isText })) }),
)
export const checkRotated = checked<{ readonly token: string }>(shape({ token: isFilled }))
/** Answers to what was asked; a server that knows no such question names none. */
export const checkObject: Check<JsonObject> = (body) => (isJsonObject(body) ? body : {})
export const checkNothing: Check<true> = () => true

/** A push's answer must hold one result for each mutation, in order. */
export function checkPush(mutationIds: readonly string[]): Check<PushResponse> {
  const isPush = shape({ requestId: isText, epoch: isCount, serverHlc: isText, results: listOf(isResult) })
  return (body) => {
    if (!isPush(body)) return null
    const { results } = body as { results: readonly MutationResult[] }
    const inOrder =
      results.length === mutationIds.length && results.every(({ id }, i) => id === mutationIds[i])
    return inOrder ? (body as PushResponse) : null
  }
}
