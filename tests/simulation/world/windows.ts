import type { WindowKind } from './plan.ts'
import type { VirtualTime } from './virtual-time.ts'

interface Window {
  readonly kind: WindowKind
  /** The device or server that it is about; null is about all. */
  readonly subject: number | null
  readonly untilMs: number
  readonly probability: number
}

/** Among the hits: a text was judged. Where the oracle leaves out all of them, nobody would see what goes wrong there. */
export const TEXT_JUDGED = 'text_judged'

/** Among the hits: a page told a text by what came to it. */
export const TEXT_TOLD_SINCE = 'text_told_since'

/** What is wrong at the moment. */
export class Windows {
  private open: Window[] = []
  private readonly time: VirtualTime
  /** Devices that gave something up for lack of room. */
  readonly cramped = new Set<number>()
  /** How often each did harm. */
  readonly hits = new Map<string, number>()

  constructor(time: VirtualTime) {
    this.time = time
  }

  add(kind: WindowKind, subject: number | null, forMs: number, probability: number): void {
    this.open.push({ kind, subject, untilMs: this.time.elapsedMs + forMs, probability })
  }

  heal(): void {
    this.open = []
  }

  /** Of the worst window of this kind that is open for this subject; 0 without one. */
  probability(kind: WindowKind, subject: number): number {
    let worst = 0
    for (const window of this.open) {
      if (window.kind !== kind || window.untilMs <= this.time.elapsedMs) continue
      if (window.subject === null || window.subject === subject) worst = Math.max(worst, window.probability)
    }
    return worst
  }

  isOpen(kind: WindowKind, subject: number): boolean {
    return this.probability(kind, subject) > 0
  }

  /** Milliseconds until the last window of this kind ends for this subject. */
  leftMs(kind: WindowKind, subject: number): number {
    const ends = this.open
      .filter((one) => one.kind === kind && (one.subject === null || one.subject === subject))
      .map(({ untilMs }) => untilMs - this.time.elapsedMs)
    return Math.max(0, ...ends)
  }

  note(kind: string): void {
    this.hits.set(kind, (this.hits.get(kind) ?? 0) + 1)
  }
}
