/** The calls of one second. A call can be failed and slow at once. */
export interface Second {
  /** Unix seconds. */
  readonly second: number
  readonly calls: number
  readonly failures: number
  readonly slow: number
}

/** BR2: the last 60 s in buckets of 1 s, oldest first; seconds without a call are left out. */
export type Window = readonly Second[]

export interface Tally {
  readonly calls: number
  readonly failures: number
  readonly slow: number
}

export interface EndedCall {
  readonly failed: boolean
  readonly slow: boolean
}

export const WINDOW_SECONDS = 60
export const EMPTY_WINDOW: Window = []

/** The buckets that still count at this time. */
export function windowAt(window: Window, nowMs: number): Window {
  const oldest = Math.floor(nowMs / 1_000) - WINDOW_SECONDS + 1
  const first = window[0]
  if (first === undefined || first.second >= oldest) return window
  return window.filter(({ second }) => second >= oldest)
}

/**
 * The window with one more call. A clock that is set back a little counts into the newest bucket; one that is set
 * back by more than the window starts a new one.
 */
export function addCall(before: Window, { failed, slow }: EndedCall, nowMs: number): Window {
  const second = Math.floor(nowMs / 1_000)
  const window = windowAt(before, nowMs)
  const last = window.at(-1)
  if (last !== undefined && last.second - second > WINDOW_SECONDS)
    return addCall(EMPTY_WINDOW, { failed, slow }, nowMs)
  const joins = last !== undefined && last.second >= second
  const { calls, failures, slow: slowCalls } = joins ? last : { calls: 0, failures: 0, slow: 0 }
  const next = {
    second: joins ? last.second : second,
    calls: calls + 1,
    failures: failures + Number(failed),
    slow: slowCalls + Number(slow),
  }
  return [...(joins ? window.slice(0, -1) : window), next]
}

export function tally(window: Window): Tally {
  let [calls, failures, slow] = [0, 0, 0]
  for (const bucket of window) {
    calls += bucket.calls
    failures += bucket.failures
    slow += bucket.slow
  }
  return { calls, failures, slow }
}
