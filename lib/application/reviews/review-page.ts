import {
  choiceText,
  CHOICE_WORDS,
  FIELD_KIND_WORDS,
  QUESTION_WORDS,
} from '#lib/telemetry/review/answer-words.ts'
import { dayText, figuresOf, type Figure } from '#lib/telemetry/review/figure-words.ts'
import type { Question, Reason } from '#lib/telemetry/review/review.ts'
import { NO_ANSWERS, QUESTIONS } from '#lib/telemetry/review/review.ts'
import { reviewVerdict, usesTieRule } from '#lib/telemetry/review/review-verdict.ts'
import type { Context } from '../context.ts'
import type { OfCollection } from './collection-of.ts'
import { showReview, type ReviewBoard } from './show-review.ts'

interface Word {
  readonly value: string
  readonly label: string
}

/** One of the five questions: what was measured, and what was answered. */
export interface AskedQuestion {
  readonly question: Question
  readonly title: string
  readonly asks: string
  readonly choices: readonly Word[]
  /** Null where nobody answered. */
  readonly choice: string | null
  readonly answer: string
  readonly note: string
  readonly figures: readonly Figure[]
}
/** One thing that is advised, beside what is set; `now` is null for what is no setting. */
export interface Advised {
  readonly what: string
  readonly now: string | null
  readonly advised: string | null
  readonly differs: boolean
  readonly reasons: readonly Reason[]
}

export interface ReviewPage extends Pick<ReviewBoard, 'collection' | 'review' | 'measured'> {
  readonly verdict: string
  readonly questions: readonly AskedQuestion[]
  readonly fields: readonly { readonly place: string; readonly kind: string; readonly says: string }[]
  readonly fieldKinds: readonly Word[]
  readonly advised: readonly Advised[]
  readonly doubts: readonly Reason[]
  readonly differences: number
}

/** Everything that the page of a review shows but its past versions, in words. @throws ApplicationError `not_found` */
export async function reviewPage(
  ctx: Pick<Context, 'storage' | 'clock' | 'measurements'>,
  of: OfCollection,
): Promise<ReviewPage> {
  const board = await showReview(ctx, of)
  const { collection, review, measured, recommendation, settings, differences } = board
  const answers = review?.answers ?? NO_ANSWERS
  const figures = figuresOf(measured)
  return {
    collection,
    review,
    measured,
    verdict: reviewVerdict(
      collection.name,
      review && { answers, recommendation },
      settings,
      review === null ? '' : dayText(review.atMs),
    ),
    questions: QUESTIONS.map((question) => ({
      question,
      ...QUESTION_WORDS[question],
      choices: wordsOf(CHOICE_WORDS[question]),
      choice: answers[question].choice,
      answer: choiceText(question, answers[question].choice),
      note: answers[question].note,
      figures: figures[question],
    })),
    fields: Object.entries(answers.fields).map(([place, kind]) => ({
      place,
      kind,
      says: FIELD_KIND_WORDS[kind],
    })),
    fieldKinds: wordsOf(FIELD_KIND_WORDS),
    advised: advisedOf(board),
    doubts: recommendation.doubts,
    differences: differences.length,
  }
}

const wordsOf = (words: Readonly<Record<string, string>>): readonly Word[] =>
  Object.entries(words).map(([value, label]) => ({ value, label }))

function advisedOf({ recommendation, settings, differences }: ReviewBoard): readonly Advised[] {
  const differing = new Set(differences.map(({ what }) => what))
  const { strategy, tieRule, fields, mode, ordering, connectivity } = recommendation
  const setting = (
    what: string,
    now: string,
    advice: { value: string | null; reasons: readonly Reason[] },
  ) => ({
    what,
    now,
    advised: advice.value,
    differs: differing.has(what),
    reasons: advice.reasons,
  })
  const fact = (what: string, advice: { value: string | null; reasons: readonly Reason[] }) => ({
    ...setting(what, '', advice),
    now: null,
  })
  return [
    setting('strategy', settings.strategy, strategy),
    ...(usesTieRule(recommendation, settings) ? [setting('tie rule', settings.tieRule, tieRule)] : []),
    ...fields.map(({ place, strategy: own, reasons }) =>
      setting(place, settings.fieldStrategies[place] ?? 'as the collection', { value: own, reasons }),
    ),
    fact('sync mode', mode),
    fact('ordering', ordering),
    fact('devices are', { ...connectivity, value: connectivity.value && OFFLINE[connectivity.value] }),
  ]
}

const OFFLINE = { online: 'online', occasionally: 'occasionally offline', mostly: 'mostly offline' } as const
