import type { Test } from './wire.ts'
import { isRecord, isText, nullOr, shape } from './wire.ts'

const isStoredShape = shape({ mark: nullOr(isText) })

/** Looked at with each read of a record: that it is one, and that it stands in its own place. */
export const isStoredRecord =
  (key: string): Test =>
  (value) => {
    if (!isRecord(value) || !isStoredShape(value)) return false
    const { collection, recordId } = value as { readonly collection: string; readonly recordId: string }
    return key === `${collection}/${recordId}`
  }
