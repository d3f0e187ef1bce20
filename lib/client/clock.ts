/** Time as the replica uses it, passed in so that a simulation can drive it. `now` is the raw device clock in Unix ms. */
export interface Clock {
  now(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
}

/** Of the years that the contract's times can name: a clock may stand before or after them. */
const ISO_MS_MIN = Date.parse('0000-01-01T00:00:00.000Z')
const ISO_MS_MAX = Date.parse('9999-12-31T23:59:59.999Z')

export const toIso = (ms: number): string =>
  new Date(Math.min(Math.max(ms, ISO_MS_MIN), ISO_MS_MAX)).toISOString()

/**
 * The clock, and where it tells no time any more (NaN), the last one that it told: nothing that is written then is lost,
 * and stamps go on by their counter. `onStopped` is told once.
 */
export function steadyClock(clock: Clock, onStopped: () => void): Clock {
  let last = clock.now()
  let isStopped = false
  return {
    now: () => {
      const now = clock.now()
      const stops = !Number.isFinite(now)
      if (!stops) last = now
      if (stops !== isStopped && (isStopped = stops)) onStopped()
      return last
    },
    setTimeout: (run, ms) => clock.setTimeout(run, ms),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  }
}
