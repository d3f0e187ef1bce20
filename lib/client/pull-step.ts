import type { SessionEvent } from '#lib/engine/session-machine.ts'
import { assert } from '#lib/kernel/result.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import { PULL_CHANGES_MAX } from '#lib/protocol/limits.ts'
import type { PullResponse } from '#lib/protocol/pull.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import { followConfig } from './config-step.ts'
import { receiveStamps } from './device-clock.ts'
import { closeNotedDecided, conflictsOf } from './notices.ts'
import { crdtParts, forkParts } from './on-demand.ts'
import { pickBatch } from './outbox.ts'
import { storeRecord, sweepUnseen } from './records.ts'
import { nextReport } from './reports.ts'
import { grow, isTooMuch, shrink, sizeOf } from './request-size.ts'
import type { Run } from './run.ts'
import { ask, eventOf, noteHeard, saveOpenSession, transact } from './run.ts'
import type { StoreTx } from './store.ts'
import type { Position } from './tables.ts'
import { NO_POSITION, getMeta, identityOf, setMeta, startOver } from './tables.ts'
import type { Outcome } from './transport.ts'
import { checkPull } from './wire.ts'

/** Pushes of one session before the rest waits for the next. */
const PUSHES_PER_SESSION_MAX = 400
/** Of the 16 KiB that many servers and proxies take for all headers and the URL, which holds the token. */
const REPORT_HEADER_CHARS_MAX = 5_000
/** A full sync that has to start anew gets so many chances within a session. */
const RESTARTS_MAX = 2

/** Asks for the page after the device's position. */
export async function pull(run: Run): Promise<SessionEvent> {
  const request = await transact(run, async (tx) => {
    const position = await readPosition(tx)
    return position.token === null || position.fullReason !== null ? null : prepare(tx, run, position)
  })
  if (!request) return 'resync_needed'
  const outcome = await askForPage(run, request)
  if (outcome.ok) {
    run.page = { ...outcome.value, askedAt: request.position.token }
    return (await followConfig(run, outcome.value.changes)) ?? 'pulled'
  }
  const { failure } = outcome
  if (failure.kind === 'epoch') return 'resync_needed'
  if (failure.kind !== 'resync') return eventOf(run, failure)
  await transact(run, (tx) => startOver(tx, failure.reason))
  return 'resync_needed'
}

/** Asks for the next page of a full sync, the first one without a token. The outbox is not touched (TK4). */
export async function resync(run: Run): Promise<SessionEvent> {
  for (let restart = 0; restart <= RESTARTS_MAX; restart++) {
    const request = await transact(run, async (tx) => prepare(tx, run, await readPosition(tx)))
    const { token, fullReason } = request.position
    run.report = { ...run.report, mode: 'full', ...(fullReason === null ? {} : { fullReason }) }
    const outcome = await askForPage(run, request)
    if (outcome.ok) {
      run.page = { ...outcome.value, askedAt: token }
      const event = (await followConfig(run, outcome.value.changes)) ?? 'resynced'
      if (event !== 'resync_needed') return event
      continue
    }
    const { failure } = outcome
    if (failure.kind === 'resync') await transact(run, (tx) => startOver(tx, failure.reason))
    else if (failure.kind !== 'epoch') return eventOf(run, failure)
  }
  return eventOf(run, { kind: 'unreachable', failure: 'server_error', status: 0, code: 'resync_restarts' })
}

const readPosition = async (tx: StoreTx): Promise<Position> => (await getMeta(tx, 'position')) ?? NO_POSITION

/** All that a request for a page says. */
interface PageRequest {
  readonly position: Position
  readonly credential: string | null
  readonly report: DeviceReport
  readonly limit: number
}

const prepare = async (tx: StoreTx, { machine, random }: Run, position: Position): Promise<PageRequest> => ({
  position,
  credential: (await identityOf(tx)).token,
  report: await nextReport(tx, machine.state(), random),
  limit: await sizeOf(tx, 'pageMax'),
})

async function askForPage(
  run: Run,
  { position, credential, report, limit }: PageRequest,
): Promise<Outcome<PullResponse>> {
  const query = new URLSearchParams({ limit: String(limit), texts: run.texts })
  if (position.token !== null) query.set('token', position.token)
  const askedAtMs = run.clock.now()
  const outcome = await ask(run, {
    kind: 'pull',
    route: `pull?${query}`,
    credential,
    headers: { 'tidemark-report': headerOf(report) },
    check: checkPull,
  })
  if (outcome.ok) await noteHeard(run, report)
  if (outcome.ok && limit < PULL_CHANGES_MAX)
    await transact(run, (tx) => grow(tx, 'pageMax', run.clock.now() - askedAtMs))
  if (!outcome.ok && isTooMuch(outcome.failure)) await transact(run, (tx) => shrink(tx, 'pageMax', limit))
  return outcome
}

/** Without its longest part where it is too long: a push or a heartbeat tells that. */
function headerOf(report: DeviceReport): string {
  const text = asciiOf(report)
  if (text.length <= REPORT_HEADER_CHARS_MAX) return text
  const { byCollection: _, ...outbox } = report.outbox
  return asciiOf({ ...report, outbox })
}

/** A header holds no other letters: they are written as escapes. */
const asciiOf = (report: DeviceReport): string =>
  JSON.stringify(report).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Keeps each record's newest version only, so that a page says one thing of each. */
export async function resolvePage(run: Run): Promise<SessionEvent> {
  assert(run.page, 'a page was pulled')
  const newest = new Map<string, PullResponse['changes'][number]>()
  for (const change of run.page.changes) {
    const key = `${change.collection}/${change.recordId}`
    if ((newest.get(key)?.version ?? -1) <= change.version) newest.set(key, change)
  }
  run.page = { ...run.page, changes: [...newest.values()] }
  return 'resolved'
}

/** One transaction for the page's records and the token behind them (TK3): both or neither. */
export async function commitPage(run: Run): Promise<SessionEvent> {
  const { page } = run
  assert(page, 'a page was pulled')
  const report = { ...run.report, pulled: run.report.pulled + page.changes.length }
  let isApplied = false
  const next = await transact(run, async (tx) => {
    isApplied = false
    // A command that came with the page sent us back to the start: what was asked for before it is void.
    const before = await readPosition(tx)
    if (before.token !== page.askedAt) return 'more_to_resync'
    const whole = page.changes.some((change) => change.textsSince)
      ? await crdtParts().joinTextsSince(tx, run, page)
      : page
    if (!whole) return 'more_to_pull'
    const position = await applyPage(tx, run, whole, before)
    await saveOpenSession(tx, { ...run, report })
    isApplied = true
    if (position.fullReason !== null && hasMore(page)) return 'more_to_resync'
    if (hasMore(page)) return 'more_to_pull'
    // A full sync that stands in line holds nothing up, but a push after a restore (SM5).
    if (position.fullReason === 'epoch_changed') return 'committed'
    const { entries, problem } = await pickBatch(tx, run.clock.now(), 1)
    if (entries.length > 0 && run.pushes < PUSHES_PER_SESSION_MAX) return 'more_to_push'
    // The session went well; what it could not send is told all the same (SM9).
    if (problem) run.trouble = { failure: 'server_error', retryAfterMs: null, code: problem }
    return 'committed'
  })
  if (isApplied) run.report = report
  run.page = null
  return next
}

/** An empty page that promises more would be asked for in a loop: what it waits for comes in a later session. */
const hasMore = (page: PullResponse): boolean => page.hasMore && page.changes.length > 0

async function applyPage(tx: StoreTx, run: Run, page: PullResponse, before: Position): Promise<Position> {
  const { deviceId } = await identityOf(tx)
  const marks = Object.assign(Object.create(null) as Record<string, string>, before.marks)
  for (const [collection, state] of Object.entries(page.snapshots)) {
    if (state !== 'queued') marks[collection] ??= uuidv7(run.clock.now(), run.random)
  }
  for (const change of page.changes) {
    await storeRecord(tx, change, marks[change.collection] ?? null)
    if ((await conflictsOf(tx, change.collection, change.recordId)).length > 0)
      await forkParts().reviewConflicts(tx, change, deviceId)
  }
  for (const [collection, state] of Object.entries(page.snapshots)) {
    const mark = marks[collection]
    if (state !== 'complete' || mark === undefined) continue
    await sweepUnseen(tx, collection, mark)
    delete marks[collection]
  }
  await receiveStamps(
    tx,
    deviceId,
    page.changes.map(({ hlc }) => hlc),
    run.clock.now(),
  )
  run.askAgainMs = page.admission?.retryAfterMs ?? null
  await setMeta(tx, 'resyncPlace', page.admission?.place ?? null)
  if (!hasMore(page)) await closeNotedDecided(tx)
  const unfinished = hasMore(page) || Object.values(page.snapshots).includes('queued')
  const fullReason = unfinished ? before.fullReason : null
  const position = { token: page.token, fullReason, marks: { ...marks } }
  await setMeta(tx, 'position', position)
  if (unfinished) return position
  if (before.fullReason === 'epoch_changed') await forkParts().takeBack(tx)
  // What was heard from other devices, and is over by now: where all was read anew, all of it.
  if (await getMeta(tx, 'hasHeard')) await crdtParts().endHeard(tx, before.fullReason, run)
  return position
}
