/** Versions whose changes one transaction reads: a device that was away for long is caught up in several. */
export const DELIVERED_VERSIONS_MAX = 5_000

/** How far a device's shown position of one collection moves. */
export interface MovedRange {
  readonly collection: string
  readonly previous: number
  readonly version: number
}

/** A collection's position as it is kept, and the one that the device shows now. */
export interface ShownRange extends MovedRange {
  /** False before the first snapshot is complete: then no change counts, and none is read. */
  readonly counts: boolean
}

/**
 * The part of these ranges that one transaction takes, in the order of the collections' names. What isn't read takes
 * no room. `more` says that the rest waits for another one.
 */
export function deliverySlice(shown: readonly ShownRange[]): {
  readonly ranges: readonly ShownRange[]
  readonly more: boolean
} {
  const behind = shown
    .filter(({ previous, version }) => version > previous)
    .sort((a, b) => (a.collection < b.collection ? -1 : 1))
  let room = DELIVERED_VERSIONS_MAX
  let more = false
  const ranges = behind.flatMap((range) => {
    if (!range.counts) return [range]
    const taken = Math.min(range.version - range.previous, room)
    room -= taken
    more ||= taken < range.version - range.previous
    return taken === 0 ? [] : [{ ...range, version: range.previous + taken }]
  })
  return { ranges, more }
}
