import type { StateHash } from '#lib/engine/state-hash.ts'
import { EMPTY_STATE, addToState, parseStates, stateText } from '#lib/engine/state-hash.ts'
import { decodeToken, positionOf } from '#lib/engine/token.ts'
import { STATE_RECORDS_MAX } from '#lib/protocol/limits.ts'
import type { Device, StateRow } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'

export type StateVerdict = 'equal' | 'differs' | 'skipped'

/** Records that are hashed in one go: a check never holds the process up for long. */
const ROWS_AT_ONCE = 1_000
/** Larger collections are left out (SH). */
const MOST = { records: STATE_RECORDS_MAX, bytes: 32 * 1024 * 1024 }
/** One check at a time: each reads whole collections. What comes meanwhile is left for another day. */
const busy = new WeakSet<object>()

interface Told {
  readonly stateHash?: string | undefined
  readonly stateToken?: string | undefined
}

/**
 * Compares what a device says that it holds with what the server had at the positions of its token (SPEC, SH).
 * `skipped` when the text is none of ours, the token is not good any more, or a check is under way.
 */
export async function checkState(ctx: Context, device: Device, told: Told): Promise<StateVerdict> {
  const states = told.stateHash === undefined ? null : parseStates(told.stateHash)
  const fleet = await ctx.storage.fleets.get(device.fleetId)
  if (!states || told.stateToken === undefined || !fleet || busy.has(ctx)) return 'skipped'
  const reader = {
    fleetId: device.fleetId,
    deviceId: device.id,
    epoch: fleet.epoch,
    nowMs: ctx.clock.now(),
  }
  const token = decodeToken(told.stateToken, reader, ctx.mac)
  if (!token.ok) return 'skipped'
  busy.add(ctx)
  try {
    for (const [collection, state] of Object.entries(states)) {
      const position = positionOf(token.value.positions, collection)
      if (!position || position.snapshot) continue
      const { version } = position
      const rows = await ctx.storage.sync.stateAt(device.fleetId, collection, version, MOST)
      if (rows && stateText(await hashOf(rows)) !== state) return 'differs'
    }
    return 'equal'
  } finally {
    busy.delete(ctx)
  }
}

async function hashOf(rows: readonly StateRow[]): Promise<StateHash> {
  let state = EMPTY_STATE
  for (const [i, row] of rows.entries()) {
    state = addToState(state, row)
    if (i % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve))
  }
  return state
}
