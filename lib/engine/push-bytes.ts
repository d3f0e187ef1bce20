import type { Json } from '#lib/kernel/json.ts'
import { roughSize } from '#lib/kernel/json.ts'
import { PUSH_RECORD_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { MutationResult, WireRecord } from '#lib/protocol/push.ts'
import type { ChangeEffect, RecordState } from './types.ts'

/** What a decided mutation counts for in its push (PU5): the record that it wrote, and the one that it is answered with. */
export function bytesOf(outcome: ChangeEffect | MutationResult): number {
  if (!('incoming' in outcome)) return shownBytes(outcome)
  return recordBytes(outcome.record) + shownBytes(outcome.result)
}

function shownBytes(result: MutationResult): number {
  const shown = result.status === 'duplicate' ? result.original : result
  return 'record' in shown ? recordBytes(shown.record) : 0
}

const recordBytes = (record: RecordState | WireRecord | null | undefined): number =>
  record ? roughSize(record.data) + roughSize((record.crdt ?? null) as Json) : 0

export const isFull = (bytes: number): boolean => bytes >= PUSH_RECORD_BYTES_MAX

const PUSH_FULL_RETRY_MS = 1_000

/** PU5: what the push has no room for was not looked at. */
export const pushFull = (id: string): MutationResult => ({
  id,
  status: 'retry',
  code: 'push_full',
  retryAfterMs: PUSH_FULL_RETRY_MS,
})
