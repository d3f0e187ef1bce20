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
  const usesTie = (strategy.value ?? settings.strategy) === 'field-merge'
  if (tieRule.value !== null && usesTie && tieRule.value !== settings.tieRule)
    differences.push({
      what: 'tie rule',
      now: settings.tieRule,
      advised: tieRule.value,
      because: tieRule.reasons[0]?.says ?? '',
    })
  for (const { place, strategy: own, reasons } of fields) {
    const now = Object.hasOwn(settings.fieldStrategies, place) ? settings.fieldStrategies[place] : undefined
    // A field without its own falls to the collection's, and under field-merge to the tie rule (CS3).
    const effective = now ?? (settings.strategy === 'field-merge' ? settings.tieRule : settings.strategy)
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
    const rest = more.length === 0 ? '' : `, and ${more.length} more`
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
