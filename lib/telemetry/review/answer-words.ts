import type { Choice, FieldKind, Question } from './review.ts'

/** The handbook's five questions, as they are asked. */
export const QUESTION_WORDS: Readonly<Record<Question, { readonly title: string; readonly asks: string }>> = {
  shape: { title: 'Data shape', asks: 'What is a record made of?' },
  semantics: { title: 'Conflict semantics', asks: 'What does a lost update cost?' },
  connectivity: { title: 'Connectivity', asks: 'How often are its devices offline?' },
  volume: { title: 'Data volume', asks: 'Do devices send what changed, or whole documents?' },
  ordering: { title: 'Ordering', asks: 'Must changes come in the order of their causes?' },
}

export const CHOICE_WORDS: { readonly [Q in Question]: Readonly<Record<Choice<Q>, string>> } = {
  shape: {
    fields: 'fields that change apart from each other',
    whole: 'a document that makes sense as a whole',
    text: 'a text that several people type in',
    counts: 'counters and sets that several change',
    binary: 'binary data',
  },
  semantics: {
    harmless: 'nothing: somebody does it again',
    annoying: 'a person’s time',
    costly: 'money, or a customer’s trust',
    never: 'it must never be lost',
  },
  connectivity: {
    online: 'hardly ever',
    occasionally: 'now and then, for less than a shift',
    mostly: 'most of the time',
  },
  volume: { deltas: 'what changed', full: 'whole documents' },
  ordering: {
    none: 'no, in any order',
    record: 'within one record',
    causal: 'yes, across records too',
  },
}

/** What was chosen, in words. */
export const choiceText = (question: Question, choice: Choice | null): string =>
  choice === null ? 'not answered' : (CHOICE_WORDS[question] as Readonly<Record<Choice, string>>)[choice]

export const FIELD_KIND_WORDS: Readonly<Record<FieldKind, string>> = {
  plain: 'a plain value',
  text: 'a text that several type in',
  counter: 'a counter',
  set: 'a set, such as tags',
  money: 'money or stock',
}
