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
