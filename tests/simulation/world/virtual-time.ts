interface Timer {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
  live: boolean
}

/** Timers that a run may see go off; an ordinary one has some thousand. */
const TURNS_MAX = 100_000

/** Taken before the process is sealed: the one real turn of the event loop that is left. */
const turn = globalThis.setImmediate

/** A turn of the event loop, in which the platform tells of rejections that nobody waits for. */
export const turnAround = (): Promise<void> => new Promise((resolve) => void turn(resolve))

/** All promises that can go on have gone on when this resolves, as a tick waits for them; no time passes. */
const settle = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

/** Time that passes only when nothing is left to do at its present moment, or by a leap. Timers of one moment run in the order set. */
export class VirtualTime {
  private readonly heap: Timer[] = []
  private order = 0
  private turns = 0
  private elapsed = 0
  /** What was leapt over: the plan's own time stands still meanwhile. */
  leaptMs = 0

  /** Whole milliseconds since the beginning of the run, as a platform's clock tells them. */
  get elapsedMs(): number {
    return Math.floor(this.elapsed)
  }

  after(ms: number, run: () => void): Timer {
    const timer = { atMs: this.elapsed + Math.max(0, ms), order: this.order++, run, live: true }
    this.push(timer)
    return timer
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve))
  }

  /** Runs what falls due up to `untilMs`, each with everything that follows from it. */
  async runUntil(untilMs: number): Promise<void> {
    await settle()
    for (let next = this.heap[0]; next && next.atMs <= untilMs; next = this.heap[0]) {
      this.pop()
      if (!next.live) continue
      if (++this.turns > TURNS_MAX)
        throw new Error('more happens than a run can hold: something goes round and round')
      this.elapsed = Math.max(this.elapsed, next.atMs)
      next.run()
      await settle()
    }
    this.elapsed = Math.max(this.elapsed, untilMs)
  }

  /** Time passes without anything happening in it: every wait now ends at once. Only for a world whose processes are all down. */
  leap(ms: number): void {
    this.elapsed += ms
    this.leaptMs += ms
  }

  private push(timer: Timer): void {
    const { heap } = this
    let i = heap.push(timer) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (isBefore(heap[parent] as Timer, timer)) break
      heap[i] = heap[parent] as Timer
      i = parent
    }
    heap[i] = timer
  }

  private pop(): void {
    const { heap } = this
    const last = heap.pop() as Timer
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child += 1
      if (isBefore(last, heap[child] as Timer)) break
      heap[i] = heap[child] as Timer
      i = child
    }
    heap[i] = last
  }
}

const isBefore = (a: Timer, b: Timer): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

export const cancel = (timer: unknown): void => {
  if (timer) (timer as Timer).live = false
}
