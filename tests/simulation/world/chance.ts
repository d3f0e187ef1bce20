import type { Random } from '#lib/kernel/random.ts'
import { seededRandom } from '#lib/kernel/random.ts'

/** Chance of one purpose in a run: what is drawn for one does not move what is drawn for another. */
export class Chance {
  readonly random: Random

  constructor(seed: number, purpose: string) {
    let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b)
    for (const char of purpose) mixed = Math.imul(mixed ^ char.charCodeAt(0), 0xc2b2ae35)
    this.random = seededRandom(mixed ^ (mixed >>> 15))
  }

  hits(probability: number): boolean {
    return probability > 0 && this.random() < probability
  }

  /** A whole number in [from, to]. */
  int(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1))
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T
  }
}
