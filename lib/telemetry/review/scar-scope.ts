import { choiceText, QUESTION_WORDS } from './answer-words.ts'
import { dayText, figuresOf, NOT_KNOWN } from './figure-words.ts'
import { QUESTIONS } from './review.ts'
import type { ScarInput, ScarSection } from './scar.ts'

/** S: what it is about, how much of it there is, and how its devices are connected (DR10). Pure. */
export function scope(input: ScarInput): ScarSection {
  const { measured, review, recommendation } = input
  const figures = figuresOf(measured)
  const [records] = figures.shape
  const [perDay] = figures.volume
  const connectivity = recommendation.connectivity.value
  const answered =
    review === null ? 'nobody answered yet' : `version ${review.version}, ${dayText(review.atMs)}`
  return {
    letter: 'S',
    title: 'Scope',
    lead: `Records: ${records?.value ?? NOT_KNOWN}. Changes a day: ${perDay?.value ?? NOT_KNOWN}. Connectivity: ${connectivity ?? NOT_KNOWN}.`,
    parts: [
      { title: 'Volume', rows: [...figures.shape, ...figures.volume] },
      { title: 'Connectivity', rows: figures.connectivity },
      { title: 'Ordering', rows: figures.ordering },
      {
        title: 'The five questions',
        rows: QUESTIONS.map((question) => ({
          name: QUESTION_WORDS[question].asks,
          value: choiceText(question, review?.answers[question].choice ?? null),
          basis:
            review?.answers[question].note.trim() === '' || review === null
              ? answered
              : review.answers[question].note,
        })),
      },
    ],
  }
}
