import type { Json } from '#lib/kernel/json.ts'
import { JSON_BYTES_PER_ROUGH_MAX, jsonBytes, roughSize } from '#lib/kernel/json.ts'
import { PUSH_RECORD_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { MutationResult, WireRecord } from '#lib/protocol/push.ts'
import type { ChangeEffect, RecordState } from './types.ts'

/**
 * What a push counts for so far (PU5). To count exactly costs as much as to write it all, so that waits until it could
 * matter: most pushes never come near.
 */
export interface PushBytes {
  counted: number
  waiting: Json[]
  /** What those may be at the most. */
  waitingMax: number
}

export const noBytes = (): PushBytes => ({ counted: 0, waiting: [], waitingMax: 0 })

/** Adds a decided mutation: the record that it wrote, the document that its letter keeps, and what it is answered with. */
export function addBytes(bytes: PushBytes, outcome: ChangeEffect | MutationResult): void {
  if ('incoming' in outcome) {
    addRecord(bytes, outcome.record)
    if (outcome.deadLetter?.base) add(bytes, outcome.deadLetter.base)
  }
  const told = 'incoming' in outcome ? outcome.result : outcome
  const shown = told.status === 'duplicate' ? told.original : told
  if ('record' in shown) addRecord(bytes, shown.record)
  if (shown.status === 'applied' && shown.transformed) add(bytes, shown.transformed)
}

function addRecord(bytes: PushBytes, record: RecordState | WireRecord | null | undefined): void {
  if (!record) return
  add(bytes, record.data)
  if (record.crdt) add(bytes, record.crdt as unknown as Json)
}

function add(bytes: PushBytes, value: Json): void {
  bytes.waiting.push(value)
  bytes.waitingMax += roughSize(value) * JSON_BYTES_PER_ROUGH_MAX
}

export function isFull(bytes: PushBytes): boolean {
  if (bytes.counted + bytes.waitingMax < PUSH_RECORD_BYTES_MAX) return false
  for (const value of bytes.waiting) bytes.counted += jsonBytes(value)
  bytes.waiting = []
  bytes.waitingMax = 0
  return bytes.counted >= PUSH_RECORD_BYTES_MAX
}

/** Behind it stand those of other devices that wait by then; each time some of it is done, so nobody asks in vain. */
const PUSH_FULL_RETRY_MS = 100

/** PU5: what the push has no room for was not looked at. */
export const pushFull = (id: string): MutationResult => ({
  id,
  status: 'retry',
  code: 'push_full',
  retryAfterMs: PUSH_FULL_RETRY_MS,
})
