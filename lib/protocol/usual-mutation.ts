import { z } from 'zod'
import { isJsonObject } from '#lib/kernel/json.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import { SCHEMA_VERSION_MAX, UNSET_KEYS_MAX } from './limits.ts'

/**
 * A quick yes for a mutation as nearly all come: one that it accepts, the schema (mutation.ts) accepts too, which takes
 * some ten times as long; the others must ask the schema. A property test holds the two together.
 */
export function isUsualMutation(value: unknown): boolean {
  if (!isJsonObject(value)) return false
  const { id, collection, recordId, baseVersion, baseEpoch, after, schemaVersion, hlc } = value
  const { madeAt, madeOffsetMs, resolves, op } = value
  return (
    isId(id) &&
    isText(collection, 1, 64) &&
    isId(recordId) &&
    isInteger(baseVersion, 0) &&
    (baseEpoch === undefined || isInteger(baseEpoch, 0)) &&
    (after === undefined || isId(after)) &&
    isInteger(schemaVersion, 1, SCHEMA_VERSION_MAX) &&
    isText(hlc, 0, 60) &&
    isText(madeAt, 0, TIME_CHARS_MAX) &&
    TIME.test(madeAt) &&
    (madeOffsetMs === undefined || isInteger(madeOffsetMs, -Infinity)) &&
    (resolves === undefined || isId(resolves)) &&
    isUsualOperation(op)
  )
}

const TIME = z.regexes.datetime({ offset: true })
const TIME_CHARS_MAX = 40

/** A write of a document; CRDTs and OT are the schema's. */
function isUsualOperation(op: unknown): boolean {
  if (!isJsonObject(op)) return false
  if (op['type'] === 'put') return isJsonObject(op['data'])
  if (op['type'] === 'delete') return true
  const { type, set, unset } = op
  return (
    type === 'patch' && (set === undefined || isJsonObject(set)) && (unset === undefined || isKeys(unset))
  )
}

const isKeys = (value: unknown): boolean =>
  Array.isArray(value) && value.length <= UNSET_KEYS_MAX && value.every((key) => typeof key === 'string')
const isId = (value: unknown): boolean => typeof value === 'string' && isUuid(value)
const isText = (value: unknown, min: number, max: number): value is string =>
  typeof value === 'string' && value.length >= min && value.length <= max
const isInteger = (value: unknown, min: number, max = Infinity): boolean =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
