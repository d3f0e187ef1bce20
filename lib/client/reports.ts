import type { Random } from '#lib/kernel/random.ts'
import {
  ATTEMPTS_PER_SESSION_MAX,
  COLLECTIONS_REPORTED_MAX,
  SESSIONS_PER_REPORT_MAX,
} from '#lib/protocol/limits.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import type { SessionState } from '#lib/protocol/session-states.ts'
import type { SessionAttempt, SessionReport } from '#lib/protocol/session.ts'
import { toIso } from './clock.ts'
import { commandsToAcknowledge } from './commands.ts'
import { readOffset } from './device-clock.ts'
import { depthOf, getCounts, oldestPending } from './outbox.ts'
import type { StoreTx } from './store.ts'
import type { LocalRefusal, SessionSummary } from './tables.ts'
import { getMeta, positionKey, putRow, setMeta, storedAs } from './tables.ts'
import type { AttemptKind, Reply } from './transport.ts'

/** Reports that wait for a connection; past it the oldest is dropped. */
export const SESSION_REPORTS_MAX = 200
const REFUSALS_PER_SESSION_MAX = 500
export const SESSIONS_SUMMED_MAX = 20
export const ATTEMPTS_SUMMED_MAX = 10
const REFUSAL_DETAIL_MAX = 1_000
const COLLECTION_TEXT_MAX = 64

/** The device's account for one request. Its `seq` is counted in the caller's transaction. */
export async function nextReport(tx: StoreTx, state: SessionState, random: Random): Promise<DeviceReport> {
  const seq = ((await getMeta(tx, 'reportSeq')) ?? 0) + 1
  await setMeta(tx, 'reportSeq', seq)
  const counts = await getCounts(tx)
  const oldest = (await oldestPending(tx))?.mutation
  const clock = await readOffset(tx)
  const ackCommands = await commandsToAcknowledge(tx)
  const nonce = Math.floor(random() * 2 ** 48)
    .toString(16)
    .padStart(12, '0')
  const depth = depthOf(counts)
  if (await getMeta(tx, 'plainReports')) return { state, seq, nonce, outbox: { depth } }
  return {
    state,
    seq,
    nonce,
    outbox: {
      depth,
      ...(oldest ? { oldestMadeAt: oldest.madeAt } : {}),
      ...(oldest?.madeOffsetMs === undefined ? {} : { oldestOffsetMs: oldest.madeOffsetMs }),
      byCollection: reportable(counts.outbox),
    },
    ...(clock ? { clock } : {}),
    ...(ackCommands.length > 0 ? { ackCommands: [...ackCommands] } : {}),
  }
}

/**
 * The server refused a request for what is none of its changes: reports tell no more than they must until the next opening.
 * One that is damaged would be refused again and again, and nothing be sent any more. The next one is made anew.
 */
export async function tellLess(tx: StoreTx): Promise<void> {
  await setMeta(tx, 'plainReports', true)
  await setMeta(tx, 'reportSeq', ((await getMeta(tx, 'reportSeq')) ?? 0) + 1)
}

/** A name that the contract doesn't allow would have the whole request refused, and with it changes that are good. */
const reportable = (outbox: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(outbox)
      .filter(([name]) => name.length <= COLLECTION_TEXT_MAX)
      .slice(0, COLLECTIONS_REPORTED_MAX),
  )

export async function startReport(tx: StoreTx, sessionId: string, nowMs: number): Promise<SessionReport> {
  const oldest = await oldestPending(tx)
  const depth = depthOf(await getCounts(tx))
  return {
    sessionId,
    mode: 'delta',
    startedAt: toIso(nowMs),
    endedAt: toIso(nowMs),
    result: 'abandoned',
    transitions: [],
    attempts: [],
    pushed: 0,
    pulled: 0,
    conflicts: 0,
    deadLettered: 0,
    queueDepthBefore: depth,
    queueDepthAfter: depth,
    ...(oldest ? { oldestPendingAt: oldest.mutation.madeAt } : {}),
  }
}

/** Keeps the first and the last of a list that would grow past `max`. */
export const withBounded = <T>(items: readonly T[], item: T, max: number): T[] =>
  items.length < max ? [...items, item] : [...items.slice(0, max / 2), ...items.slice(max / 2 + 1), item]

export function withAttempt(
  report: SessionReport,
  kind: AttemptKind,
  requestId: string | null,
  reply: Reply<unknown>,
): SessionReport {
  const { outcome } = reply
  const attempt: SessionAttempt = {
    kind,
    ...(requestId === null ? {} : { requestId }),
    startedAt: toIso(reply.startedAtMs),
    durationMs: reply.durationMs,
    status: outcome.ok ? outcome.status : outcome.failure.status,
    ...(outcome.ok ? {} : { code: outcome.failure.code.slice(0, 64) }),
  }
  return { ...report, attempts: withBounded(report.attempts, attempt, ATTEMPTS_PER_SESSION_MAX) }
}

export function withRefusals(report: SessionReport, refusals: readonly LocalRefusal[]): SessionReport {
  if (refusals.length === 0) return report
  const told = refusals.map(({ mutation, code, detail }) => ({
    mutationId: mutation.id,
    // A name that the contract doesn't allow may be why it was refused.
    collection: mutation.collection.slice(0, COLLECTION_TEXT_MAX),
    code,
    ...(detail ? { detail: detail.slice(0, REFUSAL_DETAIL_MAX) } : {}),
  }))
  return {
    ...report,
    localRefusals: [...(report.localRefusals ?? []), ...told].slice(0, REFUSALS_PER_SESSION_MAX),
  }
}

/** Files a finished report to be sent, and closes the session's own row. */
export async function fileReport(tx: StoreTx, report: SessionReport): Promise<void> {
  const queueDepthAfter = depthOf(await getCounts(tx))
  const number = ((await getMeta(tx, 'reportsFiled')) ?? 0) + 1
  await setMeta(tx, 'reportsFiled', number)
  await putRow(tx, 'session_reports', positionKey(number), { ...report, queueDepthAfter })
  await setMeta(tx, 'openSession', null)
  const last = (await getMeta(tx, 'lastSessions')) ?? []
  await setMeta(tx, 'lastSessions', [...last, summaryOf(report)].slice(-SESSIONS_SUMMED_MAX))
  const rows = await tx.scan('session_reports', { limit: SESSION_REPORTS_MAX + 1 })
  const oldest = rows[0]
  if (rows.length > SESSION_REPORTS_MAX && oldest) await tx.remove('session_reports', oldest.key)
}

function summaryOf(report: SessionReport): SessionSummary {
  const { sessionId, mode, startedAt, endedAt, result, pushed, pulled, conflicts, deadLettered } = report
  const attempts = report.attempts
    .slice(-ATTEMPTS_SUMMED_MAX)
    .map(({ kind, status, code = null }) => ({ kind, status, code }))
  return {
    sessionId,
    mode,
    fullReason: report.fullReason ?? null,
    startedAt,
    endedAt,
    result,
    pushed,
    pulled,
    conflicts,
    deadLettered,
    endedIn: report.transitions.at(-1)?.to ?? 'idle',
    attempts,
  }
}

/** A session that the end of its process cut off (SM3). */
export async function fileAbandoned(tx: StoreTx, nowMs: number): Promise<void> {
  const open = await getMeta(tx, 'openSession')
  if (!open) return
  const from = open.transitions.at(-1)?.to ?? 'idle'
  const restart = from === 'idle' ? [] : [{ from, event: 'restarted', to: 'idle' as const, at: toIso(nowMs) }]
  await fileReport(tx, {
    ...open,
    result: 'abandoned',
    endedAt: toIso(nowMs),
    transitions: [...open.transitions, ...restart],
  })
}

export interface UnsentReport {
  readonly key: string
  readonly report: SessionReport
}

/** Oldest first, as many as one request may hold. */
export async function unsentReports(tx: StoreTx): Promise<readonly UnsentReport[]> {
  const rows = await tx.scan('session_reports', { limit: SESSIONS_PER_REPORT_MAX })
  return rows.map(({ key, value }) => ({ key, report: storedAs<SessionReport>(value) }))
}

export async function dropReports(tx: StoreTx, reports: readonly UnsentReport[]): Promise<void> {
  for (const { key } of reports) await tx.remove('session_reports', key)
}
