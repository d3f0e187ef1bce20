import type { DeviceReport } from '#lib/protocol/report.ts'
import type { SessionEvent } from '#lib/engine/session-machine.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import { noteAcknowledged } from './commands.ts'
import { followConfig } from './config-step.ts'
import { ReplicaError } from './errors.ts'
import { asSent, findEntries, pickBatch, pruneAcknowledged, saveEntry } from './outbox.ts'
import { forkParts } from './on-demand.ts'
import { applyPushResults } from './push-results.ts'
import type { Tries } from './refuse-batch.ts'
import { nextReport, withRefusals } from './reports.ts'
import { grow, isTooMuch, shrink, sizeOf } from './request-size.ts'
import type { Run } from './run.ts'
import { ask, eventOf, saveOpenSession, transact } from './run.ts'
import type { StoreTx } from './store.ts'
import { isPushText } from './stored-shapes.ts'
import type { InFlight, OutboxEntry } from './tables.ts'
import { getMeta, identityOf, setMeta } from './tables.ts'
import { checkPush } from './wire.ts'

/**
 * Sends one batch. While the server refuses it as a whole it is halved, until the culprit stands alone and is set aside;
 * one that timed out goes on in halves in the next session (SM8). All of a halved batch is sent before anything else.
 */
export async function push(run: Run): Promise<SessionEvent> {
  let tries: Tries | undefined
  for (let wasSent = true; ; wasSent = false) {
    const sending = await transact(run, (tx) => prepare(tx, run, wasSent))
    if (!sending) return 'pushed'
    const { inFlight, token } = sending
    const check = checkPush(inFlight.mutationIds)
    const call = {
      kind: 'push',
      credential: token,
      body: inFlight.body,
      check,
    } as const
    const sentAtMs = run.clock.now()
    const outcome = await ask(run, call, inFlight.requestId)
    if (outcome.ok) {
      const event = await followConfig(run)
      if (event) return event
      if (await settlePush(run, inFlight, outcome.value, run.clock.now() - sentAtMs)) continue
      return 'pushed'
    }
    const { failure } = outcome
    if (failure.kind === 'epoch') return 'resync_needed'
    // A view of a pulled effect with its own change on top once more would be wrong: what may be in waits for its answer.
    if (failure.kind === 'wait' && failure.narrow && !inFlight.unsure) {
      await transact(run, (tx) => forkParts().holdBack(tx, inFlight, run.clock.now(), failure.retryAfterMs))
      return 'pushed'
    }
    if (isTooMuch(failure)) await transact(run, (tx) => halve(tx, run, { ...inFlight, unsure: true }))
    if (failure.kind !== 'refused') return eventOf(run, failure)
    const { ends, refusals, ...after } = await transact(run, (tx) =>
      forkParts().refuseBatch(tx, run.clock.now(), inFlight, failure, tries, {
        halve: () => halve(tx, run, inFlight),
        sendRest: () => sendRest(tx, run, inFlight),
      }),
    )
    run.report = withRefusals(run.report, refusals)
    if (ends) return eventOf(run, ends)
    tries = after
  }
}

/**
 * The push to send, stored before it is sent: one whose answer was lost goes out again byte for byte (SM3). `wasSent` says
 * whether what is stored may have been sent before.
 */
async function prepare(
  tx: StoreTx,
  run: Run,
  wasSent: boolean,
): Promise<{ inFlight: InFlight; token: string | null } | null> {
  const { clock } = run
  const { token } = await identityOf(tx)
  const unanswered = await getMeta(tx, 'inFlight')
  if (unanswered) {
    const current = await withCurrentReport(tx, run, unanswered)
    return { inFlight: wasSent ? { ...current, unsure: true } : current, token }
  }
  const { entries } = await pickBatch(tx, clock.now(), await sizeOf(tx, 'batchMax'))
  if (entries.length === 0) return null
  // Sent, and never told to wait: the device forked since, or its store was rebuilt.
  const isUnsure = entries.some(({ sends, notBeforeMs }) => sends > 0 && notBeforeMs === null)
  return { inFlight: await launch(tx, run, entries, isUnsure ? { unsure: true } : {}), token }
}

/** Stored as being in flight. */
async function launch(
  tx: StoreTx,
  run: Run,
  entries: readonly OutboxEntry[],
  about: Pick<InFlight, 'unsure' | 'rest'>,
): Promise<InFlight> {
  const { random } = run
  const mutationIds = entries.map(({ mutation }) => mutation.id)
  // A change that its index has lost would never be found acknowledged, and be sent for ever.
  if ((await findEntries(tx, mutationIds)).length < entries.length)
    throw new ReplicaError('store_corrupt', 'outbox_by_id')
  for (const entry of entries) await saveEntry(tx, { ...entry, sends: entry.sends + 1 })
  const requestId = uuidv7(run.clock.now(), random)
  const inFlight: InFlight = {
    ...about,
    requestId,
    mutationIds,
    body: JSON.stringify({
      requestId,
      sessionId: run.report.sessionId,
      epoch: (await identityOf(tx)).epoch ?? 0,
      report: await nextReport(tx, 'pushing', random),
      acknowledged: entries.flatMap(({ acknowledged, mutation }) => (acknowledged ? [mutation.id] : [])),
      mutations: entries.map(asSent),
    }),
  }
  await setMeta(tx, 'inFlight', inFlight)
  await saveOpenSession(tx, run)
  return inFlight
}

/**
 * A retry goes out byte for byte, unless the device has told its state since, as a paused one does: then its old `seq`
 * would look like a fork's, and only the report is made anew (session and report may differ).
 */
async function withCurrentReport(tx: StoreTx, run: Run, inFlight: InFlight): Promise<InFlight> {
  if (!isPushText(inFlight.body)) throw new ReplicaError('store_corrupt', 'inFlight')
  const body = JSON.parse(inFlight.body) as { readonly report: DeviceReport }
  if (body.report.seq === (await getMeta(tx, 'reportSeq'))) return inFlight
  const report = await nextReport(tx, 'pushing', run.random)
  const current = { ...inFlight, body: JSON.stringify({ ...body, report }) }
  await setMeta(tx, 'inFlight', current)
  return current
}

/** True where more of its batch has to follow. */
async function settlePush(
  run: Run,
  inFlight: InFlight,
  response: Parameters<typeof applyPushResults>[1],
  tookMs: number,
): Promise<boolean> {
  run.pushes += 1
  const nowMs = run.clock.now()
  const before = run.report
  const tally = await transact(run, async (tx) => {
    const { deviceId } = await identityOf(tx)
    const applied = await applyPushResults(tx, response, deviceId, nowMs)
    await noteAcknowledged(tx, acknowledgedIn(inFlight))
    await pruneAcknowledged(tx, nowMs)
    await grow(tx, 'batchMax', tookMs)
    const report = withRefusals(
      {
        ...before,
        pushed: before.pushed + applied.acknowledged,
        conflicts: before.conflicts + applied.conflicts,
        deadLettered: before.deadLettered + applied.deadLettered,
      },
      applied.refusals,
    )
    await saveOpenSession(tx, { ...run, report })
    return { ...applied, report, hasMore: await sendRest(tx, { ...run, report }, inFlight) }
  })
  run.report = tally.report
  run.onChange()
  for (const { code } of tally.refusals) run.log('refused', { code })
  return tally.hasMore
}

const acknowledgedIn = (inFlight: InFlight): readonly string[] =>
  (JSON.parse(inFlight.body) as { report: { ackCommands?: string[] } }).report.ackCommands ?? []

/** The next part of a batch that was halved; what stands on a change that is told to wait by now waits with it (SM6). */
async function sendRest(tx: StoreTx, run: Run, { rest = [], unsure }: InFlight): Promise<boolean> {
  await setMeta(tx, 'inFlight', null)
  const among = new Set(rest)
  const { entries } = await pickBatch(tx, run.clock.now(), await sizeOf(tx, 'batchMax'), among)
  if (entries.length === 0) return false
  for (const { mutation } of entries) among.delete(mutation.id)
  await launch(tx, run, entries, { unsure, rest: [...among] })
  return true
}

/** The first half goes out as a request of its own, the other one after it: mutation ids make that safe (ID1). */
async function halve(tx: StoreTx, run: Run, inFlight: InFlight): Promise<void> {
  const { mutationIds, rest = [] } = inFlight
  if (mutationIds.length === 1) return
  await shrink(tx, 'batchMax', mutationIds.length)
  await sendRest(tx, run, { ...inFlight, rest: [...mutationIds, ...rest] })
}
