import { isUuid } from '#lib/kernel/uuid.ts'
import type { DotRange } from '#lib/protocol/crdt.ts'

/** Names one write of one element: the device's `n`th of this set. */
export interface Dot {
  readonly deviceId: string
  readonly n: number
}

const NUMBER = /^[1-9][0-9]{0,15}$/

/** `deviceId:n`, or null. */
export function parseDot(text: string): Dot | null {
  const colon = text.lastIndexOf(':')
  const deviceId = text.slice(0, Math.max(colon, 0))
  const digits = text.slice(colon + 1)
  if (!isUuid(deviceId) || !NUMBER.test(digits)) return null
  const n = Number(digits)
  return Number.isSafeInteger(n) ? { deviceId, n } : null
}

export const formatDot = ({ deviceId, n }: Dot): string => `${deviceId}:${n}`

/** Dot order: by device, then by number. */
export const compareDots = (a: Dot, b: Dot): number =>
  a.deviceId < b.deviceId ? -1 : a.deviceId > b.deviceId ? 1 : a.n - b.n

/**
 * Dots that a set has heard of, by device: runs of numbers, sorted, none touching the next. A device that numbers
 * its writes without gaps takes one run, however many it made.
 */
export type SeenDots = Readonly<Record<string, readonly DotRange[]>>

export function hasSeen(seen: SeenDots, { deviceId, n }: Dot): boolean {
  const runs = Object.hasOwn(seen, deviceId) ? (seen[deviceId] as readonly DotRange[]) : []
  let low = 0
  let high = runs.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const [from, to] = runs[middle] as DotRange
    if (n < from) high = middle - 1
    else if (n > to) low = middle + 1
    else return true
  }
  return false
}

export const seenOf = (dots: readonly Dot[]): SeenDots => seenOfRuns(dots.map((dot) => [dot, dot.n] as const))

/** Runs that start at a dot and end at a number. */
export function seenOfRuns(runs: readonly (readonly [Dot, number])[]): SeenDots {
  const byDevice = new Map<string, DotRange[]>()
  for (const [{ deviceId, n }, to] of runs) {
    const known = byDevice.get(deviceId)
    if (known) known.push([n, to])
    else byDevice.set(deviceId, [[n, to]])
  }
  return sortedSeen([...byDevice].map(([deviceId, ranges]) => [deviceId, joined(ranges)]))
}

export function mergeSeen(a: SeenDots, b: SeenDots): SeenDots {
  const merged = new Map(Object.entries(a))
  for (const [deviceId, runs] of Object.entries(b))
    merged.set(deviceId, joined([...(merged.get(deviceId) ?? []), ...runs]))
  return sortedSeen([...merged])
}

/** The highest number seen of a device up to `max`; 0 when there is none. */
export function highestSeen(seen: SeenDots, deviceId: string, max: number): number {
  const runs = Object.hasOwn(seen, deviceId) ? (seen[deviceId] as readonly DotRange[]) : []
  const last = runs.findLast(([from]) => from <= max)
  return last ? Math.min(last[1], max) : 0
}

function joined(runs: readonly DotRange[]): readonly DotRange[] {
  const result: [number, number][] = []
  for (const [from, to] of runs.toSorted((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else result.push([from, to])
  }
  return result
}

const sortedSeen = (entries: readonly (readonly [string, readonly DotRange[]])[]): SeenDots =>
  Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
