import type { Operation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import { giveUpConflict } from './decisions.ts'
import { readOffset, resetClock, tickClock } from './device-clock.ts'
import { heldBack, saveEntry } from './outbox.ts'
import type { PushContext } from './push-results.ts'
import { setAside } from './set-aside.ts'
import type { StoreTx } from './store.ts'
import type { OutboxEntry } from './tables.ts'

/** A new stamp is tried at once; when that is refused too, something is wrong that only time mends. */
const RESTAMP_WAIT_MS = 5_000

/** Sends a change again with another stamp where that was the fault, else sets it aside. */
export async function refuse(
  tx: StoreTx,
  context: PushContext,
  entry: OutboxEntry,
  result: Extract<MutationResult, { status: 'refused' }>,
): Promise<void> {
  const { after } = entry.mutation
  const parentRestamped =
    result.code === 'parent_refused' && after !== undefined && context.restamped.has(after)
  if (result.code === 'clock_out_of_bounds') {
    if (context.restamped.size === 0) await resetClock(tx, context.deviceId, result.serverHlc)
    return restamp(tx, context, entry)
  }
  if (parentRestamped) return restamp(tx, context, entry)
  if (result.code === 'unknown_conflict')
    context.refusals.push(...(await giveUpConflict(tx, entry.mutation, context.nowMs)))
  context.refusals.push(...(await setAside(tx, entry, result.code, result.detail ?? '', context.nowMs)))
}

/** Registers have stamps of their own, by the same clock. */
const restamped = (op: Operation, hlc: string): Operation =>
  op.type === 'crdt'
    ? { ...op, changes: op.changes.map((one) => (one.kind === 'lww-register' ? { ...one, hlc } : one)) }
    : op

/** CS1: the same change under the same id with a stamp of the clock as it is now known; never dropped. */
async function restamp(tx: StoreTx, context: PushContext, entry: OutboxEntry): Promise<void> {
  context.restamped.add(entry.mutation.id)
  const offset = await readOffset(tx)
  const hlc = await tickClock(tx, context.deviceId, context.nowMs)
  const op = restamped(entry.mutation.op, hlc)
  const mutation = { ...entry.mutation, op, hlc, ...(offset ? { madeOffsetMs: offset.offsetMs } : {}) }
  const next = { ...entry, mutation, notBeforeMs: null }
  await saveEntry(tx, entry.sends > 1 ? heldBack(next, context.nowMs, RESTAMP_WAIT_MS) : next)
}
