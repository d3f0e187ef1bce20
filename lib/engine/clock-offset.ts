import { formatHlc } from '#lib/kernel/hlc.ts'

/** One request's clock readings in Unix ms: the device's at sending and receiving, and the server's `Tidemark-Now`. */
export interface ClockReading {
  readonly sentMs: number
  readonly receivedMs: number
  readonly serverNowMs: number
}

export interface ClockSample {
  /** Server minus device: a clock 50 min behind gives +3,000,000. */
  readonly offsetMs: number
  readonly rttMs: number
}

export const CLOCK_SAMPLES_MAX = 8

/** Offset by halving the round trip, like NTP (CL1). A clock set back in between gives no sample. */
export function sampleClock(reading: ClockReading): ClockSample | null {
  const rttMs = reading.receivedMs - reading.sentMs
  if (rttMs < 0) return null
  return {
    offsetMs: Math.round(reading.serverNowMs - (reading.sentMs + rttMs / 2)),
    rttMs: Math.round(rttMs),
  }
}

/** A step of the clock larger than both round trips can explain; older samples then say nothing. */
export const isClockJump = (before: ClockSample, after: ClockSample): boolean =>
  Math.abs(after.offsetMs - before.offsetMs) > (before.rttMs + after.rttMs) / 2 + CLOCK_JUMP_SLACK_MS
const CLOCK_JUMP_SLACK_MS = 1_000

/** The newest samples, oldest first; a jump of the clock starts the list anew. */
export function addClockSample(samples: readonly ClockSample[], sample: ClockSample): readonly ClockSample[] {
  const last = samples.at(-1)
  if (last && isClockJump(last, sample)) return [sample]
  return [...samples, sample].slice(-CLOCK_SAMPLES_MAX)
}

/** The sample with the shortest round trip has the smallest possible error: half of it. */
export function bestClockSample(samples: readonly ClockSample[]): ClockSample | null {
  return samples.reduce<ClockSample | null>(
    (best, sample) => (best && best.rttMs <= sample.rttMs ? best : sample),
    null,
  )
}

/** As the server counts: corrected = raw + offset. */
export const correctedMs = (rawMs: number, offsetMs: number): number => rawMs + offsetMs

/** Lag is never negative; what was clamped is counted, so that a wrong clock can't hide as a good lag. */
export function clampLag(
  madeMs: number,
  visibleMs: number,
): { readonly lagMs: number; readonly clamped: boolean } {
  const lagMs = visibleMs - madeMs
  return lagMs < 0 ? { lagMs: 0, clamped: true } : { lagMs, clamped: false }
}

/** The fleet's server actor, as HLCs name it. */
export const SERVER_ACTOR_ID = '00000000-0000-0000-0000-000000000000'

/** The server's clock as a stamp, for a device that has to reset its own (CS1). */
export const serverHlcAt = (nowMs: number): string =>
  formatHlc({ wallMs: Math.floor(nowMs), counter: 0, deviceId: SERVER_ACTOR_ID })
