import { appendFileSync } from 'node:fs'

/** Under `npm run soak` a trial of real processes has many rounds, and adds its figures to the ledger that the script reads. */
const ledger = process.env['TIDEMARK_SOAK_TRIALS']
const endsAtMs = Number(process.env['TIDEMARK_SOAK_ENDS_AT'] ?? Infinity)

/** Bounds that only an undisturbed machine keeps are held to in a soak alone. */
export const isSoak = ledger !== undefined

/** How many rounds a trial has: `few` in npm test, `many` in npm run soak. */
export const rounds = (few: number, many: number): number => (isSoak ? many : few)

/** The soak's time is over: end what is under way, and tell how far it came. */
export const isTimeUp = (): boolean => Date.now() >= endsAtMs

export interface TrialFigures {
  readonly wanted: number
  readonly done: number
  /** In the order in which they are shown; each name says its unit. */
  readonly figures: Readonly<Record<string, number>>
}

/** Call it before the figures are judged, so that those of a trial that failed can be read too. */
export function noteTrial(figures: TrialFigures): void {
  const trial = process.env['TIDEMARK_SOAK_TRIAL']
  if (ledger !== undefined) appendFileSync(ledger, `${JSON.stringify({ trial, ...figures })}\n`)
}

/** By nearest rank; 0 of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0
}
