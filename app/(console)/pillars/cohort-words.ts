import { formatCount, formatDuration, formatPercent } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { cohorts } from '#lib/application/pillars/cohorts.ts'

export type CohortAnswer = Awaited<ReturnType<typeof cohorts>>
export type CohortRow = CohortAnswer['rows'][number]
type Estimate = NonNullable<CohortRow['difference']>

export const MEASURES: Readonly<Record<CohortRow['measure'], { label: string; of: string }>> = {
  uploadLag: { label: 'Upload lag p95', of: 'changes' },
  conflicts: { label: 'Conflicts', of: 'changes' },
  failures: { label: 'Failed requests', of: 'requests' },
  failedSessions: { label: 'Failed sessions', of: 'sessions' },
  deadLetters: { label: 'Dead letters', of: 'changes' },
}

export const VERDICTS: Readonly<Record<CohortRow['verdict'], { kind: StatusKind; word: string }>> = {
  worse: { kind: 'warn', word: 'worse' },
  better: { kind: 'ok', word: 'better' },
  alike: { kind: 'unk', word: 'not told apart' },
  unk: { kind: 'unk', word: 'too few to say' },
}

/** A value of a measure: "24 s", "1.18 %". */
export const valueText = (measure: CohortRow['measure'], value: number): string =>
  measure === 'uploadLag' ? formatDuration(value) : formatPercent(value)

/** "+0.80 points (+0.30 to +1.30)": the difference with the range that it lies in at 95 %. */
export const differenceText = (measure: CohortRow['measure'], { value, low, high }: Estimate): string =>
  `${signed(measure, value)}${measure === 'uploadLag' ? '' : ' points'} (${signed(measure, low)} to ${signed(measure, high)})`

function signed(measure: CohortRow['measure'], value: number): string {
  const size = measure === 'uploadLag' ? formatDuration(Math.abs(value)) : (Math.abs(value) * 100).toFixed(2)
  return `${value < 0 ? '−' : '+'}${size}`
}

/** The title of the comparison: where the first version does worse, or that nothing tells them apart. Pure. */
export function cohortSentence({ a, b, rows }: CohortAnswer): string {
  if (a === null || b === null) return 'There is one app version, and nothing to compare it with'
  const named = (verdict: CohortRow['verdict']): string =>
    rows
      .filter((row) => row.verdict === verdict)
      .map(({ measure }) => MEASURES[measure].label.toLowerCase())
      .join(', ')
  const [worse, better] = [named('worse'), named('better')]
  if (worse !== '' && better !== '') return `${a} is worse than ${b} in ${worse}; better in ${better}`
  if (worse !== '') return `${a} is worse than ${b} in ${worse}`
  if (better !== '') return `${a} is better than ${b} in ${better}`
  if (rows.every(({ verdict }) => verdict === 'unk')) return `Too little is known to tell ${a} from ${b}`
  return `Nothing tells ${a} and ${b} apart`
}

/** "of 1,499 requests" beside a value. */
export const ofText = ({ measure }: Pick<CohortRow, 'measure'>, of: number): string =>
  `of ${formatCount(of)} ${MEASURES[measure].of}`
