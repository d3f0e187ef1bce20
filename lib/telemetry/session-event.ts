import type { Platform } from '#lib/protocol/device.ts'
import type { SessionReport, SessionTransition } from '#lib/protocol/session.ts'
import type { TelemetryEvent } from './events.ts'

/** What a session's event is made of: reported by its device, or inferred from its pushes. Times in ms, corrected. */
export interface EndedSession extends Pick<SessionReport, 'sessionId' | 'result' | 'fullReason'> {
  readonly mode: SessionReport['mode'] | null
  readonly deviceId: string
  readonly platform: Platform
  readonly appVersion: string
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly conflicts: number | null
  readonly illegalTransitions: number
  readonly transitions: readonly SessionTransition[]
  readonly source?: string
}

/** One event a session, whoever tells of it: the id is the session's, so that it counts once. */
export function sessionEvent(session: EndedSession): TelemetryEvent {
  return {
    id: `session/${session.sessionId}`,
    atMs: session.endedAtMs,
    payload: {
      kind: 'session',
      deviceId: session.deviceId,
      platform: session.platform,
      appVersion: session.appVersion,
      sessionId: session.sessionId,
      result: session.result,
      mode: session.mode,
      fullReason: session.fullReason ?? null,
      durationMs: session.endedAtMs - session.startedAtMs,
      withConflict: session.conflicts === null ? null : session.conflicts > 0,
      illegalTransitions: session.illegalTransitions,
      transitions: edgesOf(session.transitions),
      ...(session.source === undefined ? {} : { source: session.source }),
    },
  }
}

/** How often each edge `from>to` was walked; both ends are states of the contract, so the names are bounded. */
function edgesOf(transitions: readonly SessionTransition[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { from, to } of transitions) counts[`${from}>${to}`] = (counts[`${from}>${to}`] ?? 0) + 1
  return counts
}
