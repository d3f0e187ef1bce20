import type { Clock } from '#lib/client/clock.ts'

export interface VirtualClock extends Clock {
  /** Moves on by `ms`, running what falls due in order, with everything that follows from it. */
  advance(ms: number): Promise<void>
  /** Sets the time of day without time passing, as a person or a bad battery does. */
  jump(ms: number): void
  readonly timers: () => number
}

/** Promise chains of a session take a few turns of the event loop, never real time. */
export async function flush(turns = 40): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export function createVirtualClock(startMs = Date.UTC(2026, 0, 5, 8)): VirtualClock {
  let elapsedMs = 0
  let wallMs = startMs
  let count = 0
  const timers = new Map<number, { atMs: number; run: () => void }>()
  const next = (untilMs: number): [number, { atMs: number; run: () => void }] | undefined =>
    [...timers]
      .filter(([, { atMs }]) => atMs <= untilMs)
      .sort((a, b) => a[1].atMs - b[1].atMs || a[0] - b[0])[0]
  const moveTo = (ms: number): void => {
    wallMs += ms - elapsedMs
    elapsedMs = ms
  }
  return {
    now: () => wallMs,
    setTimeout(run, ms) {
      timers.set(++count, { atMs: elapsedMs + ms, run })
      return count
    },
    clearTimeout: (timer) => void timers.delete(timer as number),
    async advance(ms) {
      const untilMs = elapsedMs + ms
      await flush()
      for (let due = next(untilMs); due; due = next(untilMs)) {
        timers.delete(due[0])
        moveTo(due[1].atMs)
        due[1].run()
        await flush()
      }
      moveTo(untilMs)
    },
    jump: (ms) => void (wallMs += ms),
    timers: () => timers.size,
  }
}
