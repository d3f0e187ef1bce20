import { parseHlc } from '#lib/kernel/hlc.ts'
import type { Json } from '#lib/kernel/json.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import { isStoredRecord } from './record-shape.ts'
import type { Table } from './store.ts'
import { parseStored } from './stored-text.ts'
import type { MetaKey } from './tables.ts'
import { positionKey } from './tables.ts'
import type { Test } from './wire.ts'
import { isConfig, isCount, isCounts, isFilled, isText, isTexts, listOf, nullOr, shape } from './wire.ts'

/** What a row must be for the code to work with it. A row that fails is damage: it was written otherwise. */

const isNumber: Test = (value) => typeof value === 'number'
const isHlc: Test = (value) => typeof value === 'string' && parseHlc(value).ok
export const isMutation = shape({
  id: isUuid,
  collection: isFilled,
  recordId: isUuid,
  baseVersion: isCount,
  schemaVersion: isCount,
  hlc: isHlc,
  madeAt: isText,
  op: shape({ type: isFilled }),
})

const isPush = shape({ report: shape({ seq: isCount }), mutations: listOf(isMutation) })
/** What a push under way says: one that can't be read would be sent, and fail, for ever. */
export const isPushText: Test = (value) => isPush(parseStored(value))

/** Keys that aren't here hold what may be lost, or what the reader copes with. */
const META: Partial<Record<MetaKey, Test>> = {
  identity: shape({
    deviceId: isUuid,
    enrollRequestId: isUuid,
    fleetId: nullOr(isText),
    epoch: nullOr(isCount),
    token: nullOr(isFilled),
  }),
  position: shape({ token: nullOr(isFilled), fullReason: nullOr(isFilled), marks: isTexts }),
  hlc: isHlc,
  reportSeq: isCount,
  config: isConfig,
  configNamed: isCount,
  clock: listOf(shape({ offsetMs: isNumber, rttMs: isNumber })),
  inFlight: shape({ requestId: isUuid, mutationIds: listOf(isUuid), body: isPushText }),
  counts: shape({ outbox: isCounts, acknowledged: isCount, refusals: isCount }),
  nextPosition: isCount,
  sessionFrom: isCount,
  batchMax: isCount,
  pageMax: isCount,
  dots: shape({ given: isCount, spoilt: isCount }),
  errands: listOf(shape({ id: isText, type: isFilled })),
  quiet: shape({ sinceMs: isNumber, untilMs: isNumber }),
  stateTold: isNumber,
  commands: shape({ done: listOf(isText), toAcknowledge: listOf(isText) }),
  openSession: shape({ sessionId: isUuid, transitions: listOf(shape({ to: isFilled })) }),
  reportsFiled: isCount,
  lastSessions: listOf(shape({ sessionId: isUuid })),
  lock: shape({ owner: isText, expiresAtMs: isNumber }),
}

export function isSoundMeta(key: string, value: Json): boolean {
  const test = Object.hasOwn(META, key) ? META[key as MetaKey] : undefined
  return test?.(value) ?? true
}

const isPositioned =
  (key: string, test: Test): Test =>
  (value) =>
    test(value) && positionKey((value as { position: number }).position) === key

const NOTICES: Readonly<Record<string, Test>> = {
  conflict: shape({
    conflictId: isFilled,
    collection: isFilled,
    recordId: isUuid,
    mutations: listOf(isMutation),
  }),
  dead_letter: shape({ deadLetterId: isFilled, code: isFilled, mutation: isMutation }),
  refusal: shape({ code: isFilled, mutation: isMutation }),
  removal: shape({ position: isCount, version: isCount }),
}

export function isSoundRow(table: Table, key: string, value: Json): boolean {
  switch (table) {
    case 'records':
      return isStoredRecord(key)(value)
    case 'outbox':
      return isPositioned(
        key,
        shape({
          position: isCount,
          mutation: isMutation,
          bytes: isCount,
          sends: isCount,
          notBeforeMs: nullOr(isNumber),
        }),
      )(value)
    case 'acknowledged':
      return isPositioned(
        key,
        shape({ position: isCount, mutation: isMutation, acknowledgedAtMs: isNumber }),
      )(value)
    case 'session_reports':
      return shape({ sessionId: isUuid })(value)
    case 'notices': {
      const kind = key.split('/')[0] ?? ''
      return Object.hasOwn(NOTICES, kind) ? NOTICES[kind]?.(value) === true : true
    }
    case 'meta':
      return isSoundMeta(key, value)
    case 'outbox_by_id':
    case 'outbox_by_record':
      return true
  }
}
