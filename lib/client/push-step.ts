import type { DeviceReport } from '#lib/protocol/report.ts'
import type { SessionEvent } from '#lib/engine/session-machine.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import { MUTATIONS_PER_PUSH_MAX } from '#lib/protocol/limits.ts'
import { noteAcknowledged } from './commands.ts'
import { ReplicaError } from './errors.ts'
import { findEntries, pickBatch, pruneAcknowledged, saveEntry } from './outbox.ts'
import { applyPushResults, setAside } from './push-results.ts'
import { nextReport, withRefusals } from './reports.ts'
import type { Run } from './run.ts'
import { ask, eventOf, saveOpenSession, transact } from './run.ts'
import type { StoreTx } from './store.ts'
import type { InFlight, LocalRefusal } from './tables.ts'
import { getMeta, identityOf, setMeta } from './tables.ts'
import type { Failure } from './failures.ts'
import { checkPush } from './wire.ts'

/** Enough halvings to get from 500 mutations to one, and to try that one again. */
const SPLITS_MAX = 12

/** Sends one batch; halves it while the server refuses it as a whole, until the culprit stands alone and is set aside. */
export async function push(run: Run): Promise<SessionEvent> {
  for (let split = 0; split < SPLITS_MAX; split++) {
    const sending = await transact(run, (tx) => prepare(tx, run))
    if (!sending) return 'pushed'
    const { inFlight, token } = sending
    const check = checkPush(inFlight.mutationIds)
    const call = {
      kind: 'push',
      method: 'POST',
      path: '/api/v1/push',
      credential: token,
      body: inFlight.body,
      check,
    } as const
    const outcome = await ask(run, call, inFlight.requestId)
    if (outcome.ok) return settlePush(run, inFlight, outcome.value)
    const { failure } = outcome
    if (failure.kind === 'epoch') return 'resync_needed'
    // A view of a pulled effect with its own change on top once more would be wrong: what may be in waits for its answer.
    if (failure.kind === 'wait' && failure.narrow && !inFlight.unsure) {
      await transact(run, (tx) => holdBack(tx, inFlight, run.clock.now() + failure.retryAfterMs))
      return 'pushed'
    }
    if (!refusesBatch(failure)) return eventOf(run, failure)
    run.report = withRefusals(run.report, await transact(run, (tx) => splitBatch(tx, run, inFlight, failure)))
  }
  return eventOf(run, { kind: 'refused', status: 0, code: 'push_refused', detail: '' })
}

const refusesBatch = (failure: Failure): failure is Extract<Failure, { kind: 'refused' }> =>
  failure.kind === 'refused' &&
  ([400, 413, 422].includes(failure.status) || failure.code === 'collection_forbidden')

/** The push to send, stored before it is sent: one whose answer was lost goes out again byte for byte (SM3). */
async function prepare(tx: StoreTx, run: Run): Promise<{ inFlight: InFlight; token: string | null } | null> {
  const { clock, random, report } = run
  const { token, epoch } = await identityOf(tx)
  const unanswered = await getMeta(tx, 'inFlight')
  if (unanswered)
    return { inFlight: { ...(await withCurrentReport(tx, run, unanswered)), unsure: true }, token }
  const batchMax = (await getMeta(tx, 'batchMax')) ?? MUTATIONS_PER_PUSH_MAX
  const { entries } = await pickBatch(tx, clock.now(), batchMax)
  if (entries.length === 0) return null
  const mutationIds = entries.map(({ mutation }) => mutation.id)
  // A change that its index has lost would never be found acknowledged, and be sent for ever.
  if ((await findEntries(tx, mutationIds)).length < entries.length)
    throw new ReplicaError('store_corrupt', 'outbox_by_id')
  for (const entry of entries) await saveEntry(tx, { ...entry, sends: entry.sends + 1 })
  const requestId = uuidv7(clock.now(), random)
  // Sent, and never told to wait: the device forked since, or its store was rebuilt.
  const isUnsure = entries.some(({ sends, notBeforeMs }) => sends > 0 && notBeforeMs === null)
  const inFlight: InFlight = {
    requestId,
    mutationIds,
    ...(isUnsure ? { unsure: true } : {}),
    body: JSON.stringify({
      requestId,
      sessionId: report.sessionId,
      epoch: epoch ?? 0,
      report: await nextReport(tx, 'pushing', random),
      mutations: entries.map(({ mutation }) => mutation),
    }),
  }
  await setMeta(tx, 'inFlight', inFlight)
  await saveOpenSession(tx, run)
  return { inFlight, token }
}

/**
 * A retry goes out byte for byte, unless the device has told its state since, as a paused one does: then its old `seq`
 * would look like a fork's, and only the report is made anew (protocol.md: session and report may differ).
 */
async function withCurrentReport(tx: StoreTx, run: Run, inFlight: InFlight): Promise<InFlight> {
  const body = JSON.parse(inFlight.body) as { readonly report: DeviceReport }
  if (body.report.seq === (await getMeta(tx, 'reportSeq'))) return inFlight
  const report = await nextReport(tx, 'pushing', run.random)
  const current = { ...inFlight, body: JSON.stringify({ ...body, report }) }
  await setMeta(tx, 'inFlight', current)
  return current
}

async function settlePush(
  run: Run,
  inFlight: InFlight,
  response: Parameters<typeof applyPushResults>[1],
): Promise<SessionEvent> {
  run.pushes += 1
  const nowMs = run.clock.now()
  const before = run.report
  const tally = await transact(run, async (tx) => {
    const { deviceId } = await identityOf(tx)
    const applied = await applyPushResults(tx, response, deviceId, nowMs)
    await noteAcknowledged(tx, acknowledgedIn(inFlight))
    await pruneAcknowledged(tx, nowMs)
    await growBatch(tx)
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
    return { ...applied, report }
  })
  run.report = tally.report
  for (const { code } of tally.refusals) run.log('refused', { code })
  return 'pushed'
}

/** All that was in the batch is shut out by breakers of its collections: it waits, and nothing else does (SM6). */
async function holdBack(tx: StoreTx, inFlight: InFlight, notBeforeMs: number): Promise<void> {
  await setMeta(tx, 'inFlight', null)
  for (const entry of await findEntries(tx, inFlight.mutationIds))
    await saveEntry(tx, { ...entry, notBeforeMs })
}

const acknowledgedIn = (inFlight: InFlight): readonly string[] =>
  (JSON.parse(inFlight.body) as { report: { ackCommands?: string[] } }).report.ackCommands ?? []

/** After a success the bound doubles, until it is gone. */
async function growBatch(tx: StoreTx): Promise<void> {
  const batchMax = await getMeta(tx, 'batchMax')
  if (batchMax !== null)
    await setMeta(tx, 'batchMax', batchMax * 2 >= MUTATIONS_PER_PUSH_MAX ? null : batchMax * 2)
}

/** The next request holds half as many; a single one that is refused is set aside, so that it never blocks the queue. */
async function splitBatch(
  tx: StoreTx,
  run: Run,
  inFlight: InFlight,
  failure: Extract<Failure, { kind: 'refused' }>,
): Promise<readonly LocalRefusal[]> {
  await setMeta(tx, 'inFlight', null)
  const entries = await findEntries(tx, inFlight.mutationIds)
  const culprit = entries[0]
  if (entries.length > 1) await setMeta(tx, 'batchMax', Math.ceil(entries.length / 2))
  else if (culprit) return setAside(tx, culprit, failure.code, failure.detail, run.clock.now())
  return []
}
