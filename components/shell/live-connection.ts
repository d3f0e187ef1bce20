/**
 * The life of the console's event stream, as a pure transition table: what is shown is what is true.
 * Times are the browser's epoch ms.
 */
export type LiveState =
  | { kind: 'connecting'; attempt: number }
  | { kind: 'live' }
  /** The server answers, its database doesn't. */
  | { kind: 'away' }
  | { kind: 'paused' }
  | { kind: 'reconnecting'; attempt: number; retryAtMs: number }

export type LiveEvent =
  | { kind: 'opened' }
  | { kind: 'lost'; nowMs: number; random: number }
  | { kind: 'retry' }
  | { kind: 'database'; answers: boolean }
  | { kind: 'pause' }
  | { kind: 'resume' }

export const RETRY_MS_FIRST = 1_000
export const RETRY_MS_MAX = 30_000
/** Figures older than this are shown as old. */
export const STALE_AFTER_MS = 60_000

export const LIVE_START: LiveState = { kind: 'connecting', attempt: 0 }

export function nextLive(state: LiveState, event: LiveEvent): LiveState {
  switch (event.kind) {
    case 'pause':
      return { kind: 'paused' }
    case 'resume':
      return state.kind === 'paused' ? LIVE_START : state
    case 'opened':
      return state.kind === 'connecting' ? { kind: 'live' } : state
    case 'database':
      if (event.answers) return state.kind === 'away' ? { kind: 'live' } : state
      return state.kind === 'live' ? { kind: 'away' } : state
    case 'retry':
      return state.kind === 'reconnecting' ? { kind: 'connecting', attempt: state.attempt } : state
    case 'lost': {
      if (state.kind === 'paused' || state.kind === 'reconnecting') return state
      const attempt = (state.kind === 'connecting' ? state.attempt : 0) + 1
      return { kind: 'reconnecting', attempt, retryAtMs: event.nowMs + retryDelayMs(attempt, event.random) }
    }
  }
}

/** Doubling with jitter from half to the whole, so that open consoles don't all come back at once. */
export function retryDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** (attempt - 1))
  return Math.round(ceiling * (0.5 + random / 2))
}

/** Whether a message may refresh the page now, or how long it has to wait. */
export function refreshDelayMs(lastRefreshMs: number, nowMs: number, everyMs: number): number {
  return Math.max(0, lastRefreshMs + everyMs - nowMs)
}
