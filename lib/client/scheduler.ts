import type { Clock } from './clock.ts'

export interface Scheduler {
  /** Runs `ms` from now, or earlier if an earlier time is set already. */
  within(ms: number): void
  /** Runs `ms` from now, whatever was set before. */
  after(ms: number): void
  cancel(): void
  /** The time that is set, on the device's clock; null when none. */
  dueAtMs(): number | null
}

/** Platforms run a timer that is set further ahead at once. */
export const TIMER_MS_MAX = 2 ** 31 - 1

/** No timer of a program that isn't busy runs later. */
const LATE_MS_MAX = 1_000

/** One timer. A wait is kept even when the clock is set: it is measured by the timer, not by the time of day. */
export function createScheduler(clock: Clock, run: () => void): Scheduler {
  let timer: unknown = null
  let dueAtMs: number | null = null
  const cancel = (): void => {
    if (dueAtMs !== null) clock.clearTimeout(timer)
    dueAtMs = null
  }
  const after = (wantedMs: number): void => {
    const ms = Math.min(wantedMs, TIMER_MS_MAX)
    cancel()
    dueAtMs = clock.now() + ms
    timer = clock.setTimeout(() => {
      dueAtMs = null
      run()
    }, ms)
  }
  return {
    after,
    within(ms) {
      const nowMs = clock.now()
      if (dueAtMs === null || dueAtMs > nowMs + ms) after(ms)
      // The clock was set forward, and the timer still has its time to go.
      else if (dueAtMs < nowMs - LATE_MS_MAX) after(0)
    },
    cancel,
    dueAtMs: () => dueAtMs,
  }
}
