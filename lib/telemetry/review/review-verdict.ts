import { pluralText } from '../format.ts'
import type { Recommendation, Review, Settings } from './review.ts'

/** Where a collection is not set as it is advised; `now` and `advised` as they are written in its settings. */
export interface Difference {
  readonly what: string
  readonly now: string
  readonly advised: string
  /** The first reason. */
  readonly because: string
}

/** Where the settings are not what is advised (DR8); what is not known differs from nothing. Pure. */
export function differencesOf(recommendation: Recommendation, settings: Settings): readonly Difference[] {
  const { strategy, tieRule, fields } = recommendation
  const differences: Difference[] = []
  if (strategy.value !== null && strategy.value !== settings.strategy)
    differences.push({
      what: 'strategy',
      now: settings.strategy,
      advised: strategy.value,
      because: strategy.reasons[0]?.says ?? '',
    })
  if (tieRule.value !== null && usesTieRule(recommendation, settings) && tieRule.value !== settings.tieRule)
    differences.push({
      what: 'tie rule',
      now: settings.tieRule,
      advised: tieRule.value,
      because: tieRule.reasons[0]?.says ?? '',
    })
  for (const { place, strategy: own, reasons } of fields) {
    const { now, effective } = settingAt(place, settings)
    if (effective === own) continue
    differences.push({
      what: place,
      now: now ?? 'as the collection',
      advised: own,
      because: reasons[0]?.says ?? '',
    })
  }
  return differences
}

/** A field without its own falls to the nearest around it that has one, else to the collection's; of `field-merge` it is the tie rule (CS3). */
function settingAt(place: string, { strategy, tieRule, fieldStrategies }: Settings) {
  const around = Object.keys(fieldStrategies)
    .filter((one) => one === place || place.startsWith(`${one}/`))
    .toSorted((a, b) => b.length - a.length)[0]
  const set = around === undefined ? strategy : (fieldStrategies[around] ?? strategy)
  return {
    now: around === place ? set : undefined,
    effective: set === 'field-merge' ? tieRule : set,
  }
}

/** Under any other strategy the tie rule has no part in what is decided. */
export const usesTieRule = ({ strategy }: Recommendation, settings: Settings): boolean =>
  (strategy.value ?? settings.strategy) === 'field-merge'

/**
 * The first line of the review's page (DR8). Pure.
 * @param review the newest; null where there is none
 * @param day its day in words
 */
export function reviewVerdict(
  collection: string,
  review: Pick<Review, 'answers' | 'recommendation'> | null,
  settings: Settings,
  day: string,
): string {
  if (review === null) return `${collection} has no design review yet: five questions wait for an answer`
  const [first, ...more] = differencesOf(review.recommendation, settings)
  if (first !== undefined) {
    const rest =
      more.length === 0
        ? ''
        : `; ${pluralText(more.length, 'more setting')} ${more.length === 1 ? 'differs' : 'differ'}`
    return first.what === 'strategy'
      ? `${collection} should change from ${first.now} to ${first.advised}: ${first.because}${rest}`
      : `${collection} should settle ${first.what === 'tie rule' ? 'ties' : first.what} by ${first.advised}, not ${first.now}: ${first.because}${rest}`
  }
  if (review.recommendation.strategy.value === null) {
    const why = review.recommendation.strategy.reasons[0]?.says ?? 'facts are missing'
    return `What ${collection} should be set to is not known: ${why}`
  }
  return `The settings of ${collection} agree with the review of ${day}`
}
