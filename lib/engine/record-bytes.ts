import type { Json } from '#lib/kernel/json.ts'
import { JSON_BYTES_PER_ROUGH_MAX, jsonBytes, roughSize } from '#lib/kernel/json.ts'
import { RECORD_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { RecordState } from './types.ts'

type Content = Pick<RecordState, 'data' | 'crdt'>

/**
 * Why a record may not become this (PU8): it is larger than one may be, and larger than it was, so that what makes a
 * record smaller is always taken. Counted exactly only where it could matter.
 */
export function whyTooLarge(current: Content | null, next: Content): string | null {
  if (roughly(next) * JSON_BYTES_PER_ROUGH_MAX <= RECORD_BYTES_MAX) return null
  const bytes = bytesOf(next)
  if (bytes <= RECORD_BYTES_MAX || (current && bytes <= bytesOf(current))) return null
  return `the record would have ${bytes} bytes, at most ${RECORD_BYTES_MAX}`
}

const partsOf = ({ data, crdt }: Content): readonly Json[] => [data, crdt as unknown as Json]

const roughly = (content: Content): number =>
  partsOf(content).reduce<number>((size, part) => size + roughSize(part), 0)

const bytesOf = (content: Content): number =>
  partsOf(content).reduce<number>((bytes, part) => bytes + jsonBytes(part), 0)
