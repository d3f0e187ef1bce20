/** Exports of other engines that this process reads at once; each may hold its body several times over. */
export const INGESTING_MAX = 8

/** How many exports this process has in hand. */
export class IngestBound {
  private inHand = 0

  /** True when the export may be read; then `leave` must follow. */
  enter(): boolean {
    if (this.inHand >= INGESTING_MAX) return false
    this.inHand += 1
    return true
  }

  leave(): void {
    this.inHand -= 1
  }
}
