import { readErrands, runErrands } from './commands.ts'
import { pickBatch } from './outbox.ts'
import { noteQuietTime, quietTimeLeft } from './quiet-time.ts'
import type { ReplicaContext } from './run.ts'
import { transact } from './run.ts'
import type { SessionEnd } from './session.ts'
import { runSession } from './session.ts'
import { releaseLock, takeLock, takeOver } from './session-lock.ts'
import { heartbeat, settle } from './settle.ts'
import type { StoreTx } from './store.ts'
import { getMeta, setMeta } from './tables.ts'

export type RoundEnd =
  /** Another opening of the store runs a session. */
  | { readonly kind: 'busy' }
  /** The server asked for quiet, of this opening or another one; nothing was sent. */
  | { readonly kind: 'quiet'; readonly leftMs: number }
  /** An operator paused the device: it said that it lives. `resumed` when the answer ended the pause. */
  | { readonly kind: 'paused'; readonly resumed: boolean }
  | { readonly kind: 'ended'; readonly end: SessionEnd }

/** Everything that a replica says to the server at one time, under the session lock (SM2): a session and its report. */
export async function runRound(context: ReplicaContext): Promise<RoundEnd> {
  const { store, clock, leaseMs } = context
  let letGo = await store.hold('session')
  if (!letGo && (await store.transact((tx) => takeOver(tx, store, clock.now(), leaseMs))))
    letGo = await store.hold('session', true)
  if (!letGo) return { kind: 'busy' }
  try {
    return await runLocked(context)
  } finally {
    letGo()
  }
}

async function runLocked(context: ReplicaContext): Promise<RoundEnd> {
  const { store, clock } = context
  const begun = await store.transact((tx) => begin(tx, context))
  if (!begun) return { kind: 'busy' }
  try {
    const { leftMs, isPausedNow } = begun
    if (leftMs > 0) return { kind: 'quiet', leftMs }
    if (isPausedNow) {
      const { token, errands } = await transact(context, readErrands)
      // Whom the server serves isn't paused: the resume expired, was forgotten in a restore, or was another id's.
      if (token === null || (await heartbeat(context, await runErrands(context, token, errands))).ok)
        await transact(context, (tx) => setMeta(tx, 'pausedByServer', null))
      return { kind: 'paused', resumed: !(await transact(context, isPaused)) }
    }
    const end = await runSession(context, context.machine.state() === 'idle' ? 'start' : 'wait_over')
    const floorMs = end.state === 'shed' ? (end.trouble?.retryAfterMs ?? 0) : 0
    if (floorMs > 0) await transact(context, (tx) => noteQuietTime(tx, floorMs, clock.now()))
    if (isReachable(end)) await settle(context)
    return { kind: 'ended', end }
  } finally {
    await store.transact((tx) => releaseLock(tx, store))
  }
}

/** Takes the lock, and reads what may keep the device from a session; null when another opening holds it. */
async function begin(
  tx: StoreTx,
  { store, clock, leaseMs }: ReplicaContext,
): Promise<{ readonly leftMs: number; readonly isPausedNow: boolean } | null> {
  if (!(await takeLock(tx, store, clock.now(), leaseMs))) return null
  return { leftMs: await quietTimeLeft(tx, clock.now()), isPausedNow: await isPaused(tx) }
}

const isPaused = async (tx: StoreTx): Promise<boolean> => (await getMeta(tx, 'pausedByServer')) ?? false

/** A server that sheds load is not asked for more; one that gave no answer would give none to a report. */
const isReachable = (end: SessionEnd): boolean => end.state === 'idle' && end.result === 'ok'

/** Until the next change may go: 0 for one that was never told to wait, less for one whose wait is over, null when none waits for time. */
export async function nextDueIn(tx: StoreTx, nowMs: number): Promise<number | null> {
  const { entries, nextDueMs } = await pickBatch(tx, nowMs, 1)
  const dueMs = entries[0] ? (entries[0].notBeforeMs ?? nowMs) : nextDueMs
  return dueMs === null ? null : dueMs - nowMs
}
