import { formatCount } from '#components/ui/format.ts'
import type { LabBoard } from '#lib/application/lab/lab-board.ts'

type Weights = LabBoard['weights']['weights']

export const WEIGHT_WORDS: readonly {
  readonly key: keyof Weights
  readonly label: string
  readonly hint: string
}[] = [
  { key: 'lostUpdate', label: 'A lost update', hint: 'for each change that nobody sees any more' },
  {
    key: 'silentOverwrite',
    label: 'A silent overwrite',
    hint: 'for each conflict that lost something, beside what its changes cost',
  },
  { key: 'wrongWinner', label: 'A wrong winner', hint: 'for each that a wrong clock decided' },
  { key: 'brokenRule', label: 'A broken rule', hint: 'for each outcome that is refused' },
  { key: 'manualMinutes', label: 'Minutes of a decision', hint: 'that a person takes for one conflict' },
  { key: 'minute', label: 'A minute of a person', hint: 'in the same unit' },
]

/** What the costs go by, in words. Pure. */
export const weightsLine = (weights: Weights): string =>
  [
    `a lost update ${formatCount(weights.lostUpdate)}`,
    `a wrong winner ${formatCount(weights.wrongWinner)}`,
    `a broken rule ${formatCount(weights.brokenRule)}`,
    `a decision ${formatCount(weights.manualMinutes)} min at ${formatCount(weights.minute)}`,
    ...(weights.silentOverwrite === 0 ? [] : [`a silent overwrite ${formatCount(weights.silentOverwrite)}`]),
  ].join(', ')
