/** A change as deliveries count it. Times in ms since the epoch of Unix. */
export type ReadChange = readonly [version: number, committedAtMs: number, madeAtMs: number, deviceId: string]

/** Changes (previous, version] of one collection, under one epoch of its fleet. */
export interface ReadRange {
  readonly fleetId: string
  readonly epoch: number
  readonly collection: string
  readonly previous: number
  readonly version: number
}

/** One takes some 200 bytes. */
export const READ_CHANGES_MAX = 50_000
/** Whoever is behind by more was away alone: it must not push out what devices share. */
export const OF_A_RANGE_MAX = 1_000

/**
 * The changes of ranges that were delivered, for the next device that is brought the same ones (decision 0045): what stands
 * under a version stays while the epoch does. Those used last are kept.
 */
export class ReadChanges {
  private readonly ranges = new Map<string, readonly ReadChange[]>()
  private size = 0

  has(range: ReadRange): boolean {
    return this.ranges.has(keyOf(range))
  }

  get(range: ReadRange): readonly ReadChange[] | undefined {
    const key = keyOf(range)
    const changes = this.ranges.get(key)
    if (!changes) return undefined
    this.ranges.delete(key)
    this.ranges.set(key, changes)
    return changes
  }

  /** @param changes all that there are; so many that few others bring in one go are not kept */
  keep(range: ReadRange, changes: readonly ReadChange[]): void {
    if (changes.length > OF_A_RANGE_MAX) return
    const key = keyOf(range)
    this.drop(key)
    this.ranges.set(key, changes)
    this.size += sizeOf(changes)
    for (const oldest of this.ranges.keys()) {
      if (this.size <= READ_CHANGES_MAX) return
      this.drop(oldest)
    }
  }

  private drop(key: string): void {
    const changes = this.ranges.get(key)
    if (changes) this.size -= sizeOf(changes)
    this.ranges.delete(key)
  }
}

/** A range without changes takes room too. */
const sizeOf = (changes: readonly ReadChange[]): number => Math.max(changes.length, 1)

const keyOf = ({ fleetId, epoch, collection, previous, version }: ReadRange): string =>
  `${fleetId}/${epoch}/${previous}/${version}/${collection}`
