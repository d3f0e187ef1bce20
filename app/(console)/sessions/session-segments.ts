import type { SessionSegment } from '#components/charts/prepare-lanes.ts'
import type { Run } from '#components/charts/prepare-rests.ts'
import type { SessionRow } from './session-row.ts'

type Told = Pick<SessionRow, 'startedAtMs' | 'endedAtMs' | 'offsetMs' | 'transitions' | 'attempts'>

/** States in which a session rests; it isn't running there. */
const RESTING: ReadonlySet<Run['segments'][number]['state']> = new Set(['idle', 'offline', 'halted'])
const FAILED_STATUS_MIN = 400

/**
 * A session's stays in its states, in order, by the server's clock. A session that was never reported has none.
 * A stay that ended in a failure is marked and says what the failing request was answered. Pure.
 */
export function segmentsOf({ endedAtMs, offsetMs, transitions, attempts }: Told): readonly SessionSegment[] {
  const atMs = (text: string): number => Date.parse(text) + offsetMs
  return transitions.flatMap((transition, index): SessionSegment[] => {
    const next = transitions[index + 1]
    if (next === undefined && RESTING.has(transition.to)) return []
    const startMs = atMs(transition.at)
    const endMs = next === undefined ? Math.max(startMs, endedAtMs) : Math.max(startMs, atMs(next.at))
    const segment: SessionSegment = { state: transition.to, startMs, ms: endMs - startMs }
    if (transition.to === 'shed') return [{ ...segment, tone: 'held' }]
    const failed = next?.event === 'failed' || next?.event === 'refused_for_good'
    const refused = failed || next?.event === 'shed' || next?.event === 'breaker_open'
    const answer = refused
      ? attempts.findLast(({ startedAt, status }) => {
          const at = atMs(startedAt)
          return at >= startMs && at <= endMs && (status === 0 || status >= FAILED_STATUS_MIN)
        })
      : undefined
    return [
      {
        ...segment,
        ...(failed ? { tone: 'crit' as const } : refused ? { tone: 'held' as const } : {}),
        ...(answer === undefined ? {} : { note: answer.status === 0 ? 'no answer' : String(answer.status) }),
      },
    ]
  })
}

/** A session's stays and where it came to rest, by the server's clock. Pure. */
export function runOf(session: Told): Run {
  const last = session.transitions.at(-1)
  return {
    segments: segmentsOf(session),
    rest:
      last === undefined || !RESTING.has(last.to)
        ? null
        : { state: last.to, atMs: Date.parse(last.at) + session.offsetMs },
  }
}

/**
 * As `segmentsOf`, of the session's own time alone: a stay before its start, such as the rest since the last
 * session, is told with it and none of its time. Pure.
 */
export const ownSegmentsOf = (session: Told): readonly SessionSegment[] =>
  segmentsOf(session).flatMap((segment) => {
    const beforeMs = session.startedAtMs - segment.startMs
    if (beforeMs <= 0 || segment.ms === null) return [segment]
    if (segment.ms <= beforeMs) return []
    return [{ ...segment, startMs: session.startedAtMs, ms: segment.ms - beforeMs }]
  })
