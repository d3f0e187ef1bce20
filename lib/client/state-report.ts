import { EMPTY_STATE, addToState, formatStates, stateText } from '#lib/engine/state-hash.ts'
import type { Random } from '#lib/kernel/random.ts'
import { STATE_RECORDS_MAX } from '#lib/protocol/limits.ts'
import type { SessionReport } from '#lib/protocol/session.ts'
import type { StoreTx } from './store.ts'
import type { ReplicaRecord } from './tables.ts'
import { NO_POSITION, eachRow, getMeta, setMeta } from './tables.ts'

/** How often a device has its state compared: a device that differs reads everything anew at most so often. */
export const STATE_TOLD_EVERY_MS = 86_400_000

/**
 * The report with the device's state hash, when one is due: after a good session that left nothing to read. Large
 * collections are left out. Counting begins at a random moment, so that a fleet's checks are spread.
 */
export async function withStateHash(
  tx: StoreTx,
  report: SessionReport,
  { nowMs, everyMs, random }: { nowMs: number; everyMs: number; random: Random },
): Promise<SessionReport> {
  const told = await getMeta(tx, 'stateTold')
  if (told === null) await setMeta(tx, 'stateTold', nowMs - Math.floor(random() * everyMs))
  // A time ahead of now comes from a clock that was set back.
  if (told === null || (nowMs - told < everyMs && told <= nowMs)) return report
  const { token, fullReason, marks } = (await getMeta(tx, 'position')) ?? NO_POSITION
  if (token === null || fullReason !== null || Object.keys(marks).length > 0) return report
  await setMeta(tx, 'stateTold', nowMs)
  const states: Record<string, string> = {}
  for (const { name } of (await getMeta(tx, 'config'))?.collections ?? []) {
    const state = await stateOf(tx, name)
    if (state !== null) states[name] = state
  }
  return { ...report, stateHash: formatStates(states), stateToken: token }
}

/** What the server showed of a collection, pending changes left aside; null when it is too large. */
async function stateOf(tx: StoreTx, collection: string): Promise<string | null> {
  let state = EMPTY_STATE
  let count = 0
  await eachRow<ReplicaRecord>(tx, 'records', `${collection}/`, ({ recordId, version, data, orphan }) => {
    if (data && !orphan && version > 0) state = addToState(state, { recordId, version, data })
    count += 1
    return count <= STATE_RECORDS_MAX
  })
  return count > STATE_RECORDS_MAX ? null : stateText(state)
}
