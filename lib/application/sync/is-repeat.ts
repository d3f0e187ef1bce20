import { isSamePayload } from '#lib/engine/payload.ts'
import type { KnownMutation } from '#lib/engine/types.ts'
import type { PushResponse } from '#lib/protocol/push.ts'
import type { StoredResponse } from '#lib/storage/ports.ts'
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
  const { results } = JSON.parse(stored.body) as PushResponse
  return push.mutations.every(({ mutation }, i) => {
    const first = known.get(mutation.id)
    const status = results[i]?.status
    if (first?.deviceId !== push.deviceId || status === undefined || FORGOTTEN.has(status)) return true
    return isSamePayload(first.mutation, mutation)
  })
}
