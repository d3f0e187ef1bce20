import { countText, pluralText } from '../format.ts'
import { between, dayText, figuresOf, NOT_KNOWN } from './figure-words.ts'
import { differencesOf, usesTieRule } from './review-verdict.ts'
import type { Advice, Reason, Settings } from './review.ts'
import type { ScarInput, ScarLabColumn, ScarPart, ScarSection } from './scar.ts'

const reasonsText = (reasons: readonly Reason[]): string =>
  reasons.map(({ rule, says }) => `${says} (${rule})`).join('; ')
const advised = <T extends string>({ value, reasons }: Advice<T>) => ({
  value: value ?? NOT_KNOWN,
  basis: reasonsText(reasons),
})

/** A: why conflicts are decided as they are, with what else would have come of them (DR10). Pure. */
export function algorithms(input: ScarInput): ScarSection {
  const { settings, recommendation, measured } = input
  const differences = differencesOf(recommendation, settings)
  const fields = Object.entries(settings.fieldStrategies)
  return {
    letter: 'A',
    title: 'Algorithms',
    lead: `${input.collection.name} settles conflicts by ${settings.strategy}, advised is ${recommendation.strategy.value ?? NOT_KNOWN}: ${differences.length === 0 ? 'nothing known speaks against the settings' : `${pluralText(differences.length, 'setting')} ${differences.length === 1 ? 'differs' : 'differ'}`}.`,
    parts: [
      {
        title: 'As configured',
        rows: [
          { name: 'Strategy', value: settings.strategy, basis: 'as configured' },
          { name: 'Tie rule', value: settings.tieRule, basis: 'as configured' },
          ...fields.map(([place, strategy]) => ({ name: place, value: strategy, basis: 'as configured' })),
        ],
      },
      {
        title: 'As advised',
        rows: [
          { name: 'Strategy', ...advised(recommendation.strategy) },
          ...(usesTieRule(recommendation, settings)
            ? [{ name: 'Tie rule', ...advised(recommendation.tieRule) }]
            : []),
          ...recommendation.fields.map(({ place, strategy, reasons }) => ({
            name: place,
            value: strategy,
            basis: reasonsText(reasons),
          })),
          { name: 'Ordering', ...advised(recommendation.ordering) },
          ...recommendation.doubts.map(({ rule, says }) => ({
            name: `In doubt, ${rule}`,
            value: says,
            basis: 'the answers against the measurements',
          })),
        ],
      },
      { title: 'Conflicts as measured', rows: figuresOf(measured).semantics },
      labPart(input),
    ],
  }
}

/** What the recorded conflicts would have come to by each strategy. */
function labPart({ lab, settings }: ScarInput): ScarPart {
  const title = 'The recorded conflicts under each strategy'
  if (lab === null)
    return {
      title,
      rows: [
        { name: 'Strategy lab', value: NOT_KNOWN, basis: 'no run of the lab has ended for this collection' },
      ],
    }
  const when = `${between(lab.fromMs, lab.toMs)}, run ${dayText(lab.endedAtMs)}`
  return {
    title,
    rows: lab.columns.map(({ counts, newestAlone, ...column }) => ({
      name: columnName(column, settings),
      value: `${pluralText(counts.lostUpdates, 'lost update')}, ${pluralText(counts.silentOverwrites, 'silent overwrite')}, ${pluralText(counts.manual, 'manual decision')}, ${pluralText(counts.wrongWinners, 'wrong winner')}, ${pluralText(counts.brokenRules, 'broken rule')}`,
      // Each is out of what it could replay itself: figures that are out of others can't be held against each other.
      basis: `${countText(counts.conflicts)} of ${pluralText(lab.recorded, 'conflict')} replayed${newestAlone === null ? '' : `, the newest ${countText(newestAlone)} alone`}, with ${pluralText(counts.changes, 'change')}, ${when}`,
    })),
  }
}

/** The collection's own settings may have changed since the run. */
function columnName({ id, settings: then }: Pick<ScarLabColumn, 'id' | 'settings'>, now: Settings): string {
  if (id !== 'current') return id === 'proposed' ? `${then.strategy}, as tried` : id
  return `${then.strategy}, as it ${isSame(then, now) ? 'is' : 'was'} set`
}

const isSame = (then: Settings, now: Settings): boolean =>
  then.strategy === now.strategy &&
  then.tieRule === now.tieRule &&
  Object.keys({ ...then.fieldStrategies, ...now.fieldStrategies }).every(
    (place) => then.fieldStrategies[place] === now.fieldStrategies[place],
  )
