/** How soon a task that failed is tried again within its period. */
const RETRY_MS = 5_000
/** What work answers that isn't through: it goes on at the next look, in the same period. */
export const AGAIN = 'again'

/**
 * Work that is due once in every calendar period of `everyMs` (Unix time divided by it): whenever it is looked at, a
 * period is left out only when nobody looked during it. It never runs beside itself.
 */
export class Periodic {
  private readonly everyMs: number
  private readonly work: (nowMs: number) => Promise<typeof AGAIN | undefined>
  private doneFor: number | null = null
  private notBeforeMs = 0
  private running: Promise<void> | null = null

  /**
   * @param work answers after its failure was told; it rejects to be tried again in the same period, after a pause,
   *   and answers AGAIN to go on in it at the next look
   */
  constructor(everyMs: number, work: (nowMs: number) => Promise<typeof AGAIN | undefined>) {
    this.everyMs = everyMs
    this.work = work
  }

  /** Starts the work unless it runs or is done for this period. Doesn't wait for it. */
  startIfDue(nowMs: number): void {
    const period = Math.floor(nowMs / this.everyMs)
    if (this.running !== null) return
    if (this.doneFor === period) return
    if (nowMs < this.notBeforeMs && this.notBeforeMs - nowMs <= RETRY_MS) return
    this.running = this.work(nowMs).then(
      (answer) => this.end(answer === AGAIN ? null : period, 0),
      () => this.end(null, nowMs + RETRY_MS),
    )
  }

  /** Ends when nothing runs. */
  async idle(): Promise<void> {
    await this.running
  }

  private end(doneFor: number | null, notBeforeMs: number): void {
    this.doneFor = doneFor
    this.notBeforeMs = notBeforeMs
    this.running = null
  }
}
