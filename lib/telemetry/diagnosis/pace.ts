import type { AttemptEvidence, Answered, Evidence, SessionEvidence } from './evidence.ts'

/** A push or pull that takes longer is a slow one, as for a breaker (SPEC, BR2). */
export const SLOW_MS = 5_000
/** Under so many answers or sessions a figure says nothing. */
export const SAMPLES_MIN = 3

/**
 * The median of what was answered at all, of pushes or of pulls, whichever is longer: the one may be quick while the other
 * is not. Null where there are fewer than three of either. Lost answers say nothing about the server.
 */
export function answered(attempts: readonly AttemptEvidence[]): Answered | null {
  const medians = (['push', 'pull'] as const).flatMap((kind) => medianOf(attempts, kind) ?? [])
  return medians.sort((a, b) => b.medianMs - a.medianMs)[0] ?? null
}

function medianOf(attempts: readonly AttemptEvidence[], kind: Answered['kind']): Answered | null {
  const times = attempts
    .filter((attempt) => attempt.status > 0 && attempt.kind === kind)
    .map(({ durationMs }) => durationMs)
    .sort((a, b) => a - b)
  const medianMs = times[Math.ceil(times.length / 2) - 1]
  return medianMs === undefined || times.length < SAMPLES_MIN ? null : { kind, count: times.length, medianMs }
}

/** Sessions that the device told itself, newest first. */
export const toldSessions = ({ sessions }: Evidence): readonly SessionEvidence[] =>
  sessions.filter(({ inferred }) => !inferred)

/** How many of them failed since the last that did not. */
export function failedInARow(evidence: Evidence): number {
  const told = toldSessions(evidence)
  const other = told.findIndex(({ result }) => result !== 'failed')
  return other === -1 ? told.length : other
}

/** What wasn't told adds nothing. */
const sumOf = (all: readonly { readonly pushed: number | null }[]): number =>
  all.reduce((sum, { pushed }) => sum + (pushed ?? 0), 0)

const pushTimeMs = ({ attempts }: SessionEvidence): number =>
  attempts.reduce(
    (sum, { kind, status, durationMs }) => (kind === 'push' && status === 200 ? sum + durationMs : sum),
    0,
  )

/** How long its queue takes to go out once it may: by what its pushes took for each change; null where none is known. */
export function sendingMs(evidence: Evidence): number | null {
  const depth = evidence.device.report?.depth ?? 0
  const pushing = toldSessions(evidence).filter(({ pushed }) => (pushed ?? 0) > 0)
  const pushed = sumOf(pushing)
  if (depth === 0 || pushed === 0) return null
  return (pushing.reduce((sum, session) => sum + pushTimeMs(session), 0) / pushed) * depth
}

/** How fast its changes go out. */
export interface Pace {
  readonly sentPerHour: number
  /** Null where the queue was not told at the beginning of that time. */
  readonly madePerHour: number | null
  /** Until the queue is empty at this pace; null when it does not shrink. */
  readonly emptyInMs: number | null
  readonly sinceMs: number
}

const HOUR_MS = 3_600_000
/** A pace of less time than this is none. */
const SPAN_MIN_MS = 30_000

/**
 * By the sessions that push now and nobody has told of, as the server saw them; without any by those that it told since it
 * had an empty queue. Null for too short a time: one burst is no pace.
 */
export function paceOf(evidence: Evidence): Pace | null {
  const { nowMs, unreported, device } = evidence
  const depth = device.report?.depth ?? 0
  const told = toldSessions(evidence)
  const emptied = told.findIndex(({ queueDepthAfter }) => queueDepthAfter === 0)
  const since = emptied === -1 ? told : told.slice(0, emptied)
  const isNow = unreported.length > 0
  const first = isNow ? null : (since.at(-1) ?? null)
  if (!isNow && since.filter(({ pushed }) => (pushed ?? 0) > 0).length < SAMPLES_MIN) return null
  const sinceMs = isNow
    ? Math.min(...unreported.map(({ firstPushMs }) => firstPushMs))
    : (first?.startedAtMs ?? nowMs)
  const sent = sumOf(isNow ? unreported : since)
  const spanMs = nowMs - sinceMs
  if (spanMs < SPAN_MIN_MS || sent === 0) return null
  const made = first === null ? null : Math.max(0, sent + depth - (first.queueDepthBefore ?? 0))
  const shrinks = sent - (made ?? 0)
  return {
    sentPerHour: (sent / spanMs) * HOUR_MS,
    madePerHour: made === null ? null : (made / spanMs) * HOUR_MS,
    emptyInMs: shrinks > 0 ? (depth / shrinks) * spanMs : null,
    sinceMs,
  }
}
