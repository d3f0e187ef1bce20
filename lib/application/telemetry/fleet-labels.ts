import type { Counter, Gauge, Histogram } from 'prom-client'

/** Removed fleets whose late figures are told from those of the others; a request ends long before a thousand more. */
const REMOVED_MAX = 1_000

type Metric = Counter | Gauge | Histogram
type Labels = Readonly<Record<string, string | number | undefined>>

/** Which fleets the figures of this process are labelled with, and how those of a removed one go. */
export class FleetLabels {
  private readonly metrics: Metric[] = []
  private readonly shown = new Set<string>()
  private readonly removed = new Set<string>()

  add<M extends Metric>(metric: M): M {
    this.metrics.push(metric)
    return metric
  }

  /** False for a fleet that was removed: what ends after it must not bring its labels back. */
  mayShow(fleetId: string): boolean {
    if (this.removed.has(fleetId)) return false
    this.shown.add(fleetId)
    return true
  }

  fleets(): readonly string[] {
    return [...this.shown]
  }

  /** Takes away whatever `isOf` says is of the fleet. */
  async remove(fleetId: string, isOf: (labels: Labels) => boolean): Promise<void> {
    this.shown.delete(fleetId)
    this.removed.add(fleetId)
    const [oldest] = this.removed
    if (this.removed.size > REMOVED_MAX && oldest !== undefined) this.removed.delete(oldest)
    for (const metric of this.metrics) {
      const { values } = await metric.get()
      for (const { labels } of values) {
        const { le: _, ...own }: Labels = labels
        if (isOf(own)) metric.remove(own as Record<string, string>)
      }
    }
  }
}
