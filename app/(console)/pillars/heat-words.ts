import { formatPercent, formatRound, plural } from '#components/ui/format.ts'
import type { lagHeat } from '#lib/application/pillars/lag-heat.ts'
import { TOLD_BY } from './pillar-words.ts'

type Heat = Awaited<ReturnType<typeof lagHeat>>

/** The title of the heat map: where most changes lie, and how many lie far from them. Pure. */
export function heatSentence({ stage, bordersMs, columns }: Heat): string {
  const totals = [...bordersMs, 0].map((_, band) =>
    columns.reduce((sum, { counts }) => sum + (counts?.[band] ?? 0), 0),
  )
  const whole = totals.reduce((sum, count) => sum + count, 0)
  if (whole === 0) return `No change was ${TOLD_BY[stage]} in this time`
  let passed = 0
  const band = totals.findIndex((count) => (passed += count) >= whole * MOST)
  const beyond = whole - totals.slice(0, band + 1).reduce((sum, count) => sum + count, 0)
  const high = bordersMs[band]
  if (high === undefined) return `Some changes took over ${formatRound(bordersMs.at(-1) ?? 0)}`
  const most = beyond === 0 ? 'Every change' : `${formatPercent(1 - beyond / whole)} of the changes`
  const rest = beyond === 0 ? '' : `; ${plural(beyond, 'change')} took longer`
  return `${most} arrived within ${formatRound(high)}${rest}`
}

/** "Most" is said from here on. */
const MOST = 0.9
