/** Growth of counters in buckets of one length, as far back as there are slots. Nothing is kept of what is older. */
export class Ring {
  readonly stepMs: number
  private readonly slots: number
  /** Start of the newest bucket that there is room for. */
  private newestMs = 0
  private readonly columns = new Map<string, Float64Array>()
  private readonly heard: Uint8Array

  constructor(stepMs: number, slots: number) {
    this.stepMs = stepMs
    this.slots = slots
    this.heard = new Uint8Array(slots)
  }

  /** Start of the oldest bucket that is kept when the newest begins at or before `nowMs`. */
  oldestMs(nowMs: number): number {
    return (Math.floor(nowMs / this.stepMs) - this.slots + 1) * this.stepMs
  }

  /** Empties the buckets that start in `[fromMs, toMs)`, to be filled anew; those past the newest become the newest. */
  clear(fromMs: number, toMs: number): void {
    const lastMs = Math.floor((toMs - 1) / this.stepMs) * this.stepMs
    const firstMs = Math.max(
      Math.min(this.alignedMs(fromMs), Math.max(this.newestMs, 0) + this.stepMs),
      lastMs - (this.slots - 1) * this.stepMs,
    )
    for (let startMs = firstMs; startMs <= lastMs; startMs += this.stepMs) {
      const slot = this.slotOf(startMs)
      this.heard[slot] = 0
      for (const column of this.columns.values()) column[slot] = 0
    }
    this.newestMs = Math.max(this.newestMs, lastMs)
  }

  /** A bucket in which somebody told something, be it 0. */
  hear(startMs: number): void {
    if (this.isKept(startMs)) this.heard[this.slotOf(startMs)] = 1
  }

  add(name: string, startMs: number, value: number): void {
    if (value === 0 || !this.isKept(startMs)) return
    let column = this.columns.get(name)
    if (column === undefined) this.columns.set(name, (column = new Float64Array(this.slots)))
    const slot = this.slotOf(startMs)
    column[slot] = (column[slot] ?? 0) + value
  }

  /** Over `[fromMs, toMs)`; of a bucket that lies in it in part, that part of it. */
  sum(name: string, fromMs: number, toMs: number): number {
    const column = this.columns.get(name)
    if (column === undefined) return 0
    let sum = 0
    for (let startMs = this.alignedMs(fromMs); startMs < toMs; startMs += this.stepMs) {
      if (!this.isKept(startMs)) continue
      const before = Math.max(0, fromMs - startMs)
      // Of the newest bucket all that there is was before now.
      const after = startMs === this.newestMs ? 0 : Math.max(0, startMs + this.stepMs - toMs)
      const part = 1 - (before + after) / this.stepMs
      sum += (column[this.slotOf(startMs)] ?? 0) * part
    }
    return sum
  }

  isHeard(fromMs: number, toMs: number): boolean {
    for (let startMs = this.alignedMs(fromMs); startMs < toMs; startMs += this.stepMs)
      if (this.isKept(startMs) && this.heard[this.slotOf(startMs)] === 1) return true
    return false
  }

  private isKept(startMs: number): boolean {
    return startMs <= this.newestMs && startMs > this.newestMs - this.slots * this.stepMs
  }

  private alignedMs(ms: number): number {
    return Math.floor(ms / this.stepMs) * this.stepMs
  }

  private slotOf(startMs: number): number {
    return (startMs / this.stepMs) % this.slots
  }
}
