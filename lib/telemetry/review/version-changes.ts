import { choiceText, FIELD_KIND_WORDS, QUESTION_WORDS } from './answer-words.ts'
import { figuresOf, NOT_KNOWN } from './figure-words.ts'
import type { Review, Settings } from './review.ts'
import { QUESTIONS } from './review.ts'

/** What differs between two versions, as each says it. */
export interface VersionChange {
  readonly what: string
  readonly before: string
  readonly after: string
}

type Said = readonly (readonly [what: string, value: string])[]

/** What is otherwise in a version than in the one before: answers, settings, advice, then measurements (DR9). Pure. */
export function versionChanges(before: Review, after: Review): readonly VersionChange[] {
  const [old, now] = [new Map(saidIn(before)), new Map(saidIn(after))]
  return [...new Set([...now.keys(), ...old.keys()])].flatMap((what) => {
    const [was, is] = [old.get(what) ?? 'none', now.get(what) ?? 'none']
    return was === is ? [] : [{ what, before: was, after: is }]
  })
}

const saidIn = ({ answers, settings, recommendation, measured }: Review): Said => [
  ...QUESTIONS.flatMap((question): Said => [
    [QUESTION_WORDS[question].asks, choiceText(question, answers[question].choice)],
    [`Note on ${QUESTION_WORDS[question].title.toLowerCase()}`, answers[question].note || 'none'],
  ]),
  ...Object.entries(answers.fields).map(
    ([place, kind]) => [`Field ${place}`, FIELD_KIND_WORDS[kind]] as const,
  ),
  ...settingsSaid(settings),
  ['Advised strategy', recommendation.strategy.value ?? NOT_KNOWN],
  ['Advised tie rule', recommendation.tieRule.value ?? NOT_KNOWN],
  ['Advised sync mode', recommendation.mode.value ?? NOT_KNOWN],
  ...recommendation.fields.map(({ place, strategy }) => [`Advised for ${place}`, strategy] as const),
  ...Object.values(figuresOf(measured)).flatMap((figures) =>
    figures.map(({ name, value }) => [name, value] as const),
  ),
]

const settingsSaid = ({ strategy, tieRule, fieldStrategies }: Settings): Said => [
  ['Strategy', strategy],
  ['Tie rule', tieRule],
  ...Object.entries(fieldStrategies).map(([place, own]) => [`Strategy of ${place}`, own] as const),
]
