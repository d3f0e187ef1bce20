import type { FailureKind } from '#lib/engine/backoff.ts'
import type { SessionEvent } from '#lib/engine/session-machine.ts'
import type { Random } from '#lib/kernel/random.ts'
import type { DeviceInfo } from '#lib/protocol/device.ts'
import type { PullResponse } from '#lib/protocol/pull.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import type { SessionReport } from '#lib/protocol/session.ts'
import type { Clock } from './clock.ts'
import { noteAcknowledged } from './commands.ts'
import { noteClockSample } from './device-clock.ts'
import { forkParts } from './on-demand.ts'
import type { Failure } from './failures.ts'
import type { Log } from './log.ts'
import type { Machine } from './machine.ts'
import { tellLess, withAttempt } from './reports.ts'
import { keepLock } from './session-lock.ts'
import type { ReplicaStatus } from './status.ts'
import type { StoreTx } from './store.ts'
import { identityOf, setMeta } from './tables.ts'
import type { TightStore } from './tight-store.ts'
import type { AnswerFacts, Call, Outcome, Transport } from './transport.ts'

/** What every session of a replica works with. */
export interface ReplicaContext {
  readonly store: TightStore
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly device: DeviceInfo
  readonly enrollmentKey: string | null
  readonly log: Log
  readonly machine: Machine
  readonly status: () => ReplicaStatus
  /** Longer than any request may take. */
  readonly leaseMs: number
  readonly stateToldEveryMs: number
  /** What the app is shown may have moved in the store: by an answered push, whose session may go on for long, or by an event. */
  readonly onChange: () => void
  /** Fires when the replica is closed. */
  readonly abort: AbortSignal
}

/** One session under way. */
export interface Run extends ReplicaContext {
  report: SessionReport
  /** The page that was pulled, and the token that it was asked for with. */
  page: (PullResponse & { readonly askedAt: string | null }) | null
  /** How pages tell long texts: by what came to them, or whole, once one could not be joined to what is held. */
  texts: 'since' | 'whole'
  pushes: number
  /** What was heard from another device is shown no more. */
  hasEnded?: true
  askAgainMs: number | null
  /** How the session ended badly, for the wait that follows. */
  trouble: {
    readonly failure: FailureKind
    readonly retryAfterMs: number | null
    readonly code: string
  } | null
}

/** Thrown between steps once the replica is closing. */
export class SessionAborted extends Error {
  readonly code = 'session_aborted'
}

/** A transaction of a session: fenced by the lock, whose lease it keeps alive (SM2). */
export function transact<T>(run: ReplicaContext, work: (tx: StoreTx) => Promise<T>): Promise<T> {
  return run.store.transact(async (tx) => {
    await keepLock(tx, run.store, run.clock.now(), run.leaseMs)
    return work(tx)
  })
}

/** As `transact`, for what nothing tells twice: without room it fails with `quota_exceeded`, and nothing was done. */
export function transactDurably<T>(run: ReplicaContext, work: (tx: StoreTx) => Promise<T>): Promise<T> {
  return run.store.transactDurably(async (tx) => {
    await keepLock(tx, run.store, run.clock.now(), run.leaseMs)
    return work(tx)
  })
}

/** Keeps the session as told so far, for the case that its process ends now (SM3). */
export const saveOpenSession = (tx: StoreTx, run: Run): Promise<void> =>
  setMeta(tx, 'openSession', { ...run.report, transitions: run.machine.peek() })

/** Sends one request of a session, notes the attempt, and takes in what the answer says besides its body. */
export async function ask<T>(run: Run, call: Call<T>, requestId: string | null = null): Promise<Outcome<T>> {
  if (run.abort.aborted) throw new SessionAborted()
  const reply = await run.transport.call(call, run.abort)
  if (run.abort.aborted) throw new SessionAborted()
  run.report = withAttempt(run.report, call.kind, requestId, reply)
  const sameEpoch = reply.facts ? await takeFacts(run, reply.facts) : true
  if (isOfReport(reply.outcome)) await transact(run, tellLess)
  if (sameEpoch) return followIdentity(run, call, reply.outcome)
  const status = reply.outcome.ok ? reply.outcome.status : reply.outcome.failure.status
  return { ok: false, failure: { kind: 'epoch', status, code: 'epoch_changed' } }
}

const isOfReport = (outcome: Outcome<unknown>): boolean =>
  !outcome.ok &&
  outcome.failure.kind === 'refused' &&
  outcome.failure.code === 'bad_request' &&
  !String(outcome.failure.place ?? '/mutations').startsWith('/mutations')

/** The server has a report that acknowledged commands. */
export async function noteHeard(context: ReplicaContext, { ackCommands }: DeviceReport): Promise<void> {
  if (ackCommands) await transact(context, (tx) => noteAcknowledged(tx, ackCommands))
}

/**
 * A forked device leaves its id, and one whose token the server doesn't know that token; without a key to enroll anew
 * only a person can help.
 */
export async function followIdentity<T>(
  context: ReplicaContext,
  { kind, credential }: Call<T>,
  outcome: Outcome<T>,
): Promise<Outcome<T>> {
  if (outcome.ok) return outcome
  const { failure } = outcome
  const isUnknown = failure.code === 'unauthorized' && kind !== 'enroll'
  const token = isUnknown ? credential : null
  if (token === null && failure.kind !== 'forked') return outcome
  return {
    ok: false,
    failure: await transact(context, (tx) => forkParts().leaveIdentity(tx, context, failure, token)),
  }
}

/** False when the answer shows that the epoch changed; the store is then set for the full sync that must follow. */
export async function takeFacts(run: ReplicaContext, facts: AnswerFacts): Promise<boolean> {
  const { commands } = facts
  if (commands.length === 0) return noteFacts(run, facts)
  // Without the part that follows commands, which may not be there to fetch, the answer counts: they are told again.
  return noteFacts(run, facts).catch(() => noteFacts(run, { ...facts, commands: [] }))
}

function noteFacts(run: ReplicaContext, facts: AnswerFacts): Promise<boolean> {
  return transact(run, async (tx) => {
    if (facts.sample) await noteClockSample(tx, facts.sample)
    if (facts.configVersion !== null) await setMeta(tx, 'configNamed', facts.configVersion)
    if (facts.commands.length > 0) await forkParts().followCommands(tx, facts.commands)
    const identity = await identityOf(tx)
    const { epoch } = facts
    if (epoch === null || epoch === identity.epoch) return true
    await setMeta(tx, 'identity', { ...identity, epoch })
    // Enrolled before, but with no epoch known yet: nothing was made under another one.
    if (identity.epoch === null) return true
    await forkParts().changeEpoch(tx, run.clock.now())
    return false
  })
}

/** The machine's event for a failed request; what the wait needs to know is kept in `run.trouble`. */
export function eventOf(run: Run, failure: Failure): SessionEvent {
  const trouble = (kind: FailureKind, retryAfterMs: number | null): void => {
    run.trouble = { failure: kind, retryAfterMs, code: failure.code }
  }
  switch (failure.kind) {
    case 'wait':
      trouble('shed', failure.retryAfterMs)
      return failure.event
    case 'halt':
      trouble('server_error', null)
      return 'refused_for_good'
    case 'unreachable':
      trouble(failure.failure, null)
      return 'failed'
    case 'forked':
      // The quick retry: it enrolls under its new id.
      trouble('answer_lost', null)
      return 'failed'
    case 'resync':
    case 'epoch':
    case 'refused':
      trouble('server_error', null)
      return 'failed'
  }
}
