import { fieldName } from '#lib/protocol/field-name.ts'
import { issueText, issueWords } from '#lib/protocol/issue-words.ts'

/** Why one change was not applied, for whoever made it. Pure. */

const WHY: Readonly<Record<string, string>> = {
  schema_mismatch: 'something in it is not as it may be',
  schema_ahead: 'it was made by a newer version of the app, and is applied once that is known there',
  rule_violation: 'it breaks a rule of the fleet',
  authority_refused: 'the system behind it said no',
  unknown_collection: 'the fleet has no such list',
  too_large: 'it is too large',
  parent_dead_lettered: 'it was made on a change that was not applied',
  parent_refused: 'it was made on a change that was refused',
  underivable: 'what it changes is no longer there',
  exhausted: 'it was tried too many times',
  clock_out_of_bounds: 'this device’s clock is wrong: set it, and save again',
  unknown_conflict: 'it decided something that was decided already: look at it as it is now',
  mutation_id_reused: 'it may have had its effect already: look at it as it is now',
  sent_in_part: 'a copy of this device sent a part of it: look whether the rest is there',
}

/**
 * "something in it is not as it may be (Speed, knots is text, not a whole number)." What no word is known for is told by
 * its code. `label` gives a field's name for people.
 */
export function refusalSentence(
  {
    code,
    detail,
    path,
  }: {
    readonly code: string
    readonly detail: string
    /** JSON Pointer of the field that is at fault, where that is known. */
    readonly path?: string | undefined
  },
  label: (field: string) => string = (field) => field,
): string {
  const why = WHY[code] ?? `the server said “${code}”`
  const said = path === undefined ? issueWords(detail) : issueText(label(fieldName(path)), detail)
  return detail === '' ? `${why}.` : `${why} (${said.replace(/\.$/, '')}).`
}
