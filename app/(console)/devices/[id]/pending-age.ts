import type { DeviceView } from '#lib/application/devices/device-views.ts'
import { formatDuration, formatRound } from '#components/ui/format.ts'
import type { SessionRow } from '../../sessions/session-row.ts'

/** A stretch of time in which the age of the oldest waiting change grew, or stood at 0. */
export type AgePiece = {
  fromMs: number
  fromAgeMs: number
  toMs: number
  toAgeMs: number
  /** The true age may be more: the device is silent. */
  lowerBound: boolean
}

type Told = Pick<
  SessionRow,
  | 'startedAtMs'
  | 'endedAtMs'
  | 'offsetMs'
  | 'oldestPendingAt'
  | 'queueDepthBefore'
  | 'queueDepthAfter'
  | 'inferred'
>

/**
 * How old the oldest change on a device was, as its sessions told it at their starts and ends and its last report since.
 * Between two sessions it is known afterwards: nothing left the queue then. Where they don't
 * fit together, or the server inferred one, there is no piece: a gap. Pure.
 * @param sessions newest first
 * @param view for the time since the last of them; null where that is over
 */
export function agePieces(
  sessions: readonly Told[],
  view: DeviceView | null,
  nowMs: number,
): readonly AgePiece[] {
  const pieces: AgePiece[] = []
  let before: Told | null = null
  for (const session of sessions.toReversed()) {
    if (session.inferred) {
      before = null
      continue
    }
    if (before !== null) pieces.push(...rest(before, session.startedAtMs, oldestOf(session)))
    pieces.push(...during(session))
    before = session
  }
  const last = view === null ? [] : sinceLast(before, view, nowMs)
  return [...pieces, ...last].filter(({ fromMs, toMs }) => toMs > fromMs)
}

/** Null where nothing waited; undefined where something did and its time was not told. */
function oldestOf({ oldestPendingAt, offsetMs, queueDepthBefore }: Told): number | null | undefined {
  if (queueDepthBefore === 0) return null
  return oldestPendingAt === undefined ? undefined : Date.parse(oldestPendingAt) + offsetMs
}

const piece = (fromMs: number, toMs: number, madeMs: number | null, lowerBound = false): AgePiece => ({
  fromMs,
  toMs,
  fromAgeMs: madeMs === null ? 0 : Math.max(0, fromMs - madeMs),
  toAgeMs: madeMs === null ? 0 : Math.max(0, toMs - madeMs),
  lowerBound,
})

/** From the end of a session to a time at which the oldest change was known. */
function rest(after: Told, untilMs: number, madeMs: number | null | undefined): readonly AgePiece[] {
  const fromMs = after.endedAtMs
  const wasEmpty = after.queueDepthAfter === 0
  if (madeMs === undefined) return []
  if (madeMs === null) return wasEmpty ? [piece(fromMs, untilMs, null)] : []
  // Made while the session ran, or by a clock that differs a little: it waits since the session's end at the earliest.
  const since = wasEmpty ? Math.max(madeMs, fromMs) : madeMs
  if (since <= fromMs) return [piece(fromMs, untilMs, since)]
  const grows = piece(since, untilMs, since)
  return wasEmpty ? [piece(fromMs, since, null), grows] : [grows]
}

function during(session: Told): readonly AgePiece[] {
  const madeMs = oldestOf(session)
  return madeMs === undefined ? [] : [piece(session.startedAtMs, session.endedAtMs, madeMs)]
}

/** From the last session to now, by the last report. */
function sinceLast(
  last: Told | null,
  { device, state, pending }: DeviceView,
  nowMs: number,
): readonly AgePiece[] {
  const { report, lastContactMs } = device
  if (report === null || lastContactMs === null) return []
  const isSilent = state.state === 'offline'
  const knownUntilMs = isSilent ? Math.max(lastContactMs, last?.endedAtMs ?? 0) : nowMs
  const madeMs = report.depth === 0 ? null : report.oldestMadeAtMs
  if (report.depth > 0 && madeMs === null) return []
  const start: Told = last ?? { ...EMPTY, endedAtMs: Math.min(madeMs ?? report.atMs, report.atMs) }
  const known = rest(start, knownUntilMs, madeMs)
  if (!isSilent || pending === null) return known
  return [...known, piece(knownUntilMs, nowMs, nowMs - pending.ageMs, true)]
}

const EMPTY: Told = {
  startedAtMs: 0,
  endedAtMs: 0,
  offsetMs: 0,
  oldestPendingAt: undefined,
  queueDepthBefore: 0,
  queueDepthAfter: 0,
  inferred: false,
}

/** The chart in a sentence. Pure. */
export function ageSentence({ pending, device }: DeviceView, limitMs: number): string {
  if (device.status === 'revoked') return 'What waited on it stays there'
  if (device.report === null) return 'How old its oldest change is, it has not told'
  if (pending === null) return 'Nothing waits on it'
  const age = `${pending.lowerBound ? 'at least ' : ''}${formatDuration(pending.ageMs)}`
  if ((device.report?.depth ?? 0) === 0) return `What it made since it fell silent may be ${age} old`
  return pending.ageMs > limitMs
    ? `Its oldest change is ${age} old, over the limit of ${formatRound(limitMs)}`
    : `Its oldest change is ${age} old, within the limit of ${formatRound(limitMs)}`
}
