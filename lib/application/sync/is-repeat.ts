import { isSamePayload } from '#lib/engine/payload.ts'
import type { KnownMutation } from '#lib/engine/types.ts'
import type { StoredResponse } from '#lib/storage/ports.ts'
import type { StoredAnswer } from './push-answer.ts'
import type { DeviceJob } from './push-job.ts'

/** Statuses that leave nothing behind to compare with (ID1). */
const FORGOTTEN: ReadonlySet<string> = new Set(['refused', 'retry', 'shed'])

/**
 * True when this request is the one that was answered, and not another one under its id: the same mutations by id and
 * stamps, and each that had an effect as the log has it.
 */
export function isRepeat(
  known: ReadonlyMap<string, KnownMutation>,
  { push, requestHash }: DeviceJob,
  stored: StoredResponse,
): boolean {
  if (stored.requestHash !== requestHash) return false
  const { results } = JSON.parse(stored.body) as StoredAnswer
  return push.mutations.every(({ mutation }, i) => {
    const first = known.get(mutation.id)
    const result = results[i]
    if (first?.deviceId !== push.deviceId || (result && FORGOTTEN.has(result.status))) return true
    return isSamePayload(first.mutation, mutation)
  })
}
