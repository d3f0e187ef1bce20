import type { Test } from './wire.ts'
import { isRecord, isText, nullOr, shape } from './wire.ts'

const isStoredShape = shape({ mark: nullOr(isText) })
/** Looked at with each read of a record. */
export const isStoredRecord: Test = (value) => isRecord(value) && isStoredShape(value)
