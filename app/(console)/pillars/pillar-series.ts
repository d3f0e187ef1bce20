import type { TimeChartProps } from '#components/charts/time-chart.tsx'

/** What a chart reads of a pillar's answer. */
export type SeriesSource<F> = {
  fromMs: number
  toMs: number
  stepMs: number
  points: readonly { atMs: number; figure: F | null }[]
  previousPoints: readonly { figure: F | null }[]
}

/** The subject and the same time before on one axis: the answer pairs their points by index. Pure. */
export function pillarSeries<F>(
  { fromMs, toMs, stepMs, points, previousPoints }: SeriesSource<F>,
  valueOf: (figure: F) => number | null,
): Pick<TimeChartProps, 'fromMs' | 'toMs' | 'bucketMs' | 'points' | 'past'> {
  const value = (figure: F | null | undefined): number | null => (figure == null ? null : valueOf(figure))
  return {
    fromMs,
    toMs,
    bucketMs: stepMs,
    points: points.map(({ atMs, figure }) => ({ t: atMs, value: value(figure) })),
    past: points.map(({ atMs }, index) => ({ t: atMs, value: value(previousPoints[index]?.figure) })),
  }
}
