import type { Mark } from '#components/charts/prepare.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { PillarChart } from './pillar-charts.ts'

/** One part of the fleet in a pillar's table. */
export interface GroupRow {
  readonly key: string
  /** Null where too few say it. */
  readonly value: string | null
  readonly level: StatusKind
  /** The denominator and what else belongs to the value. */
  readonly of: string
  /** What the value was over time; null is a gap. */
  readonly trend: readonly (number | null)[]
}

/** What a pillar's figure is made of: "failures, by code". */
export interface Breakdown {
  readonly title: string
  readonly note: string
  /** The key by which the sessions behind a row are found; null where there is none. */
  readonly behind: 'code' | null
  readonly rows: readonly { readonly key: string; readonly count: number; readonly share: number | null }[]
}

/** A pillar's page as it is drawn: the same parts whichever pillar it is. */
export interface PillarView {
  readonly sentence: string
  readonly evidence: string
  readonly level: StatusKind
  /** What the line of the chart is: "upload lag p95". */
  readonly subject: string
  readonly chart: PillarChart
  /** What was done to the fleet meanwhile. */
  readonly marks: readonly Mark[]
  readonly groups: readonly GroupRow[]
  readonly groupsLeftOut: number
  readonly breakdowns: readonly Breakdown[]
}

/** Shares of their sum; the rest of a cut list is not in it. Pure. */
export function breakdown(
  title: string,
  note: string,
  counts: readonly { readonly key: string; readonly count: number }[],
  behind: Breakdown['behind'] = null,
): Breakdown {
  const sum = counts.reduce((total, { count }) => total + count, 0)
  const rows = counts.map(({ key, count }) => ({ key, count, share: sum === 0 ? null : count / sum }))
  return { title, note, behind, rows: rows.filter(({ count }) => count > 0) }
}
