import type { Result } from './result.ts'
import { err, ok } from './result.ts'
import { isUuid } from './uuid.ts'

/** A hybrid logical clock stamp: wall time that never runs backwards, a counter, and who made it. */
export interface Hlc {
  readonly wallMs: number
  readonly counter: number
  readonly deviceId: string
}

const COUNTER_MAX = 0xffff
const WALL_MAX = 2 ** 48 - 1
const TEXT = /^([0-9a-f]{12})-([0-9a-f]{4})-(.+)$/

/** Text that sorts as the clock counts: 12 hex digits of ms, `-`, 4 of counter, `-`, device id. */
export function formatHlc(hlc: Hlc): string {
  return `${hlc.wallMs.toString(16).padStart(12, '0')}-${hlc.counter.toString(16).padStart(4, '0')}-${hlc.deviceId}`
}

export function parseHlc(text: string): Result<Hlc, 'malformed_hlc'> {
  const match = TEXT.exec(text)
  const deviceId = match?.[3]
  if (!match || !isUuid(deviceId)) return err('malformed_hlc')
  return ok({
    wallMs: Number.parseInt(match[1] as string, 16),
    counter: Number.parseInt(match[2] as string, 16),
    deviceId,
  })
}

/** Order of two stamps in text form: by time, counter, then device id (CS1's tie-break). */
export const compareHlc = (a: string, b: string): -1 | 0 | 1 => (a < b ? -1 : a > b ? 1 : 0)

function advance(wallMs: number, counter: number, deviceId: string): Hlc {
  if (counter <= COUNTER_MAX) return { wallMs: Math.min(wallMs, WALL_MAX), counter, deviceId }
  return { wallMs: Math.min(wallMs + 1, WALL_MAX), counter: 0, deviceId }
}

/** The stamp of a local event: later than `last`, not before `nowMs`. A full counter borrows the next millisecond. */
export function tickHlc(last: Hlc, nowMs: number): Hlc {
  const wallMs = Math.floor(nowMs)
  return wallMs > last.wallMs
    ? advance(wallMs, 0, last.deviceId)
    : advance(last.wallMs, last.counter + 1, last.deviceId)
}

/** Takes in a stamp seen from elsewhere: the next local stamp is later than both. */
export function receiveHlc(last: Hlc, seen: Pick<Hlc, 'wallMs' | 'counter'>, nowMs: number): Hlc {
  const wallMs = Math.max(Math.floor(nowMs), last.wallMs, seen.wallMs)
  const counters = [last, seen].filter((hlc) => hlc.wallMs === wallMs).map((hlc) => hlc.counter + 1)
  return advance(wallMs, Math.max(0, ...counters), last.deviceId)
}
