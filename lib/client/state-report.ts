import { EMPTY_STATE, addToState, formatStates, stateText } from '#lib/engine/state-hash.ts'
import { STATE_RECORDS_MAX } from '#lib/protocol/limits.ts'
import type { SessionReport } from '#lib/protocol/session.ts'
import type { StoreTx } from './store.ts'
import type { ReplicaRecord } from './tables.ts'
import { NO_POSITION, eachRow, getMeta, setMeta } from './tables.ts'

/** The report with the device's state hash, where nothing is left to read. Large collections are left out. */
async function withStateHash(tx: StoreTx, report: SessionReport, nowMs: number): Promise<SessionReport> {
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

export const stateReport = { withStateHash }
