import { existsSync, readFileSync } from 'node:fs'

/** One run of one law, as `tests/support/soak-report.ts` writes it. */
export interface LawRun {
  readonly law: string
  readonly file: string
  readonly cases: number
  readonly skipped: number
  readonly failed: boolean
  readonly seed: number
  readonly path: string | null
}

export const readLedger = (file: string): readonly LawRun[] => readLines<LawRun>(file)

/** What a ledger holds, line by line as it was written; a last line that a kill cut short is left out. */
export function readLines<T>(file: string): readonly T[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.slice(0, -1).map((line) => JSON.parse(line) as T)
}

export const casesOf = (runs: readonly LawRun[]): number => runs.reduce((sum, run) => sum + run.cases, 0)

/** Cases by law, in the order in which the laws first ran. */
export function casesByLaw(runs: readonly LawRun[]): ReadonlyMap<string, number> {
  const totals = new Map<string, number>()
  for (const { law, cases } of runs) totals.set(law, (totals.get(law) ?? 0) + cases)
  return totals
}
