import { readErrands, runErrands } from './errands.ts'
import { pickBatch } from './outbox.ts'
import { noteQuietTime, quietTimeLeft } from './quiet-time.ts'
import type { ReplicaContext } from './run.ts'
import { transact } from './run.ts'
import type { SessionEnd } from './session.ts'
import { runSession } from './session.ts'
import { releaseLock, takeLock } from './session-lock.ts'
import { heartbeat, settle } from './settle.ts'
import { getMeta, setMeta } from './tables.ts'

export type RoundEnd =
  /** Another opening of the store runs a session. */
  | { readonly kind: 'busy' }
  /** The server asked for quiet, of this opening or another one; nothing was sent. */
  | { readonly kind: 'quiet'; readonly leftMs: number }
  /** An operator paused the device: it said that it lives. `resumed` when the answer ended the pause. */
  | { readonly kind: 'paused'; readonly resumed: boolean }
  | {
      readonly kind: 'ended'
      readonly end: SessionEnd
      /** Until a waiting change is due, or the turn for a full sync; null without either. */ readonly nextDueMs:
        number | null
    }

/** Everything that a replica says to the server at one time, under the session lock (SM2): a session and its report. */
export async function runRound(context: ReplicaContext): Promise<RoundEnd> {
  const letGo = await context.store.hold('session')
  if (!letGo) return { kind: 'busy' }
  try {
    return await runLocked(context)
  } finally {
    letGo()
  }
}

async function runLocked(context: ReplicaContext): Promise<RoundEnd> {
  const { store, clock, leaseMs } = context
  if (!(await store.transact((tx) => takeLock(tx, store, clock.now(), leaseMs)))) return { kind: 'busy' }
  try {
    const leftMs = await transact(context, (tx) => quietTimeLeft(tx, clock.now()))
    if (leftMs > 0) return { kind: 'quiet', leftMs }
    if (await isPaused(context)) {
      const { token, errands } = await transact(context, readErrands)
      // Whom the server serves isn't paused: the resume expired, was forgotten in a restore, or was another id's.
      if (token === null || (await heartbeat(context, await runErrands(context, token, errands))).ok)
        await transact(context, (tx) => setMeta(tx, 'pausedByServer', null))
      return { kind: 'paused', resumed: !(await isPaused(context)) }
    }
    const end = await runSession(context, context.machine.state() === 'idle' ? 'start' : 'wait_over')
    const floorMs = end.state === 'shed' ? (end.trouble?.retryAfterMs ?? 0) : 0
    await transact(context, (tx) => noteQuietTime(tx, floorMs, clock.now()))
    if (isReachable(end)) await settle(context)
    const dueMs = [await nextDueIn(context), end.askAgainMs].filter((ms) => ms !== null)
    return { kind: 'ended', end, nextDueMs: dueMs.length === 0 ? null : Math.min(...dueMs) }
  } finally {
    await store.transact((tx) => releaseLock(tx, store))
  }
}

const isPaused = (context: ReplicaContext): Promise<boolean> =>
  transact(context, async (tx) => (await getMeta(tx, 'pausedByServer')) ?? false)

/** A server that sheds load is not asked for more; one that gave no answer would give none to a report. */
const isReachable = (end: SessionEnd): boolean => end.state === 'idle' && end.result === 'ok'

async function nextDueIn(context: ReplicaContext): Promise<number | null> {
  const nowMs = context.clock.now()
  const { entries, nextDueMs } = await transact(context, (tx) => pickBatch(tx, nowMs, 1))
  if (entries.length > 0) return 0
  return nextDueMs === null ? null : nextDueMs - nowMs
}
