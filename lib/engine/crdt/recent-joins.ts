import { LOADED_CHARS_MIN } from './loaded-texts.ts'

/** Characters of all states that are remembered, and of the changes that made them. */
export const JOINS_CHARS_MAX = 1024 * 1024

interface Join {
  readonly from: string
  readonly change: string
}

/**
 * Which change made which state of which one, by the whole text of each (as decision 0040 has it), the newest last: a device that
 * reads a text as it has become mostly held it as it was a change or two before.
 */
export class RecentJoins {
  private readonly joins = new Map<string, Join>()
  private readonly charsMin: number
  private readonly charsMax: number
  private chars = 0

  constructor(charsMin = LOADED_CHARS_MIN, charsMax = JOINS_CHARS_MAX) {
    this.charsMin = charsMin
    this.charsMax = charsMax
  }

  keep(made: string, join: Join): void {
    if (made.length < this.charsMin || made === join.from || this.joins.has(made)) return
    this.joins.set(made, join)
    this.chars += sizeOf(made, join)
    for (const [oldest, { from, change }] of this.joins) {
      if (this.chars <= this.charsMax) break
      this.joins.delete(oldest)
      this.chars -= sizeOf(oldest, { from, change })
    }
  }

  /** Whether this change is one of the last that made the state. */
  holds(state: string, change: string): boolean {
    let join = this.joins.get(state)
    for (let steps = 0; join && steps < this.joins.size; steps++) {
      if (join.change === change) return true
      join = this.joins.get(join.from)
    }
    return false
  }

  /** The changes that made `to` of `from`, in order; null where they aren't known. */
  between(from: string, to: string): readonly string[] | null {
    const changes: string[] = []
    for (let at = to; at !== from;) {
      const join = this.joins.get(at)
      if (!join || changes.length > this.joins.size) return null
      changes.unshift(join.change)
      at = join.from
    }
    return changes
  }
}

/** `from` is the state that an earlier one made, mostly. */
const sizeOf = (made: string, { change }: Join): number => made.length + change.length
