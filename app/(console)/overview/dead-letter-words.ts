import type { BarChartProps } from '#components/charts/bar-chart.tsx'
import { formatCount } from '#components/ui/format.ts'

const HOUR_MS = 3_600_000

/** "1,284 of 1,412 dead letters share one cause". Pure. */
export function deadLettersSentence(now: { open: number; causes: readonly { count: number }[] }): string {
  const { open, causes } = now
  const top = causes[0]?.count ?? 0
  if (open === 0) return 'No dead letter is open'
  if (open === 1) return 'One change is a dead letter'
  if (top === open) return `All ${formatCount(open)} dead letters share one cause`
  if (top > open / 2) return `${formatCount(top)} of ${formatCount(open)} dead letters share one cause`
  return `${formatCount(open)} dead letters are open, of several causes`
}

/**
 * The fleet's new dead letters by the hour, from its versions' rows, which end with the running hour. An hour
 * without telemetry stays null. Pure.
 */
export function deadLetterHours(
  versions: readonly { deadLettersByHour: readonly (number | null)[] }[],
  nowMs: number,
): Pick<BarChartProps, 'fromMs' | 'toMs' | 'bucketMs' | 'points'> {
  const count = Math.max(0, ...versions.map((version) => version.deadLettersByHour.length))
  const fromMs = (Math.floor(nowMs / HOUR_MS) + 1 - count) * HOUR_MS
  const points = Array.from({ length: count }, (_, hour) => {
    const known = versions.flatMap(({ deadLettersByHour }) => deadLettersByHour[hour] ?? [])
    const value = known.length === 0 ? null : known.reduce((sum, dead) => sum + dead, 0)
    return { t: fromMs + hour * HOUR_MS, value }
  })
  return { fromMs, toMs: nowMs, bucketMs: HOUR_MS, points }
}
