/** Why a write could not be kept, for whoever wrote. Pure. */
import { ReplicaError } from '#lib/client/errors.ts'
import { fieldName } from '#lib/protocol/field-name.ts'
import { issueText, issueWords } from '#lib/protocol/issue-words.ts'
import { labelOf, REPORT_FIELDS } from './report-fields.ts'

/** By field of the form, and what has no field there. */
export interface WriteFailure {
  readonly problems: Readonly<Record<string, string>>
  readonly rest: string
}

const IN_FORM = new Set(REPORT_FIELDS.map(({ name }) => name))
const MISSING = /^Instance does not have required property "(.*)"\.$/

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

/** What the collection's schema forbids stands at its field; everything else is told as the SDK says it. */
export function writeFailure(error: unknown): WriteFailure {
  const issues = error instanceof ReplicaError ? error.issues : []
  if (issues.length === 0)
    return { problems: {}, rest: error instanceof Error ? error.message : String(error) }
  const problems: Record<string, string> = {}
  const others: string[] = []
  for (const { path, message } of issues) {
    const missing = path === '' ? MISSING.exec(message)?.[1] : undefined
    const field = missing ?? fieldName(path)
    // The first one of a field is the one to show.
    if (IN_FORM.has(field))
      problems[field] ??= missing === undefined ? capital(issueWords(message)) : 'Fill this in'
    else others.push(sentence({ path, message }))
  }
  const marked = Object.keys(problems).length === 0 ? [] : ['Correct what is marked.']
  return { problems, rest: [...marked, ...others].join(' ') }
}

/** The same in a sentence, where there is no form to mark. */
export function failureSentence(error: unknown): string {
  const issues = error instanceof ReplicaError ? error.issues : []
  return issues.length === 0 ? writeFailure(error).rest : issues.map(sentence).join(' ')
}

const sentence = ({ path, message }: ReplicaError['issues'][number]): string => {
  const said = path === '' ? issueWords(message) : issueText(labelOf(fieldName(path)), message)
  return `${capital(said).replace(/\.$/, '')}.`
}
