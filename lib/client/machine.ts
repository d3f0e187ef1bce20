import type { SessionEvent, SessionState } from '#lib/engine/session-machine.ts'
import { transition } from '#lib/engine/session-machine.ts'
import { TRANSITIONS_PER_SESSION_MAX } from '#lib/protocol/limits.ts'
import type { SessionTransition } from '#lib/protocol/session.ts'
import type { Clock } from './clock.ts'
import { toIso } from './clock.ts'
import { withBounded } from './reports.ts'

export interface Machine {
  readonly state: () => SessionState
  /** Applies an event by the engine's table; one that the state doesn't take is refused and told to `onRefused` (SM1). */
  take(event: SessionEvent): boolean
  /** What happened since the last call, for the session's report. */
  drain(): SessionTransition[]
  peek(): SessionTransition[]
}

/** The device's state between and during sessions, driven by the engine's own table (SM7). */
export function createMachine(
  clock: Clock,
  onChange: (state: SessionState) => void,
  onRefused: (state: SessionState, event: SessionEvent) => void,
): Machine {
  let state: SessionState = 'idle'
  let transitions: SessionTransition[] = []
  return {
    state: () => state,
    take(event) {
      const next = transition(state, event)
      if (!next.ok) {
        onRefused(state, event)
        return false
      }
      const step = { from: state, event, to: next.value, at: toIso(clock.now()) }
      transitions = withBounded(transitions, step, TRANSITIONS_PER_SESSION_MAX)
      state = next.value
      onChange(state)
      return true
    },
    drain() {
      const drained = transitions
      transitions = []
      return drained
    },
    peek: () => transitions,
  }
}
