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

export const toIso = (ms: number): string => new Date(ms).toISOString()
