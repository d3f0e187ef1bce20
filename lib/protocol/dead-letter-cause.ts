import { fieldName } from './field-name.ts'
import { issueText, issueWords } from './issue-words.ts'

const ID = /\s*\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi

/** What is wrong, in words that hold for all letters of the cause: the field first, no id of a single one. Pure. */
export function causeText({
  code,
  place,
  detail,
}: {
  readonly code: string
  /** A path, or the id of a rule; null where the letter names no place but the whole document. */
  readonly place: string | null
  readonly detail: string
}): string {
  if (code === 'too_large')
    return detail.includes('record')
      ? 'makes its record larger than one may be'
      : 'larger than a change may be'
  const said = detail.replace(ID, '')
  // What is said of a broken rule names it already.
  return place === null || code === 'rule_violation' ? issueWords(said) : issueText(fieldName(place), said)
}

/** "2.4.1", or "2.4.1 and 2 other versions": the app version of most letters of a cause first. Pure. */
export function versionsText({
  versions,
  versionsLeftOut,
}: {
  readonly versions: readonly { readonly appVersion: string }[]
  readonly versionsLeftOut: number
}): string {
  const others = versions.length - 1 + versionsLeftOut
  const first = versions[0]?.appVersion ?? ''
  return others <= 0 ? first : `${first} and ${others} other ${others === 1 ? 'version' : 'versions'}`
}
