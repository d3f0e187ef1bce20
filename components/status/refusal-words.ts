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

/** "something in it is not as it may be (/speedIasKnots: …)". What no word is known for is told by its code. */
export function refusalSentence({
  code,
  detail,
}: {
  readonly code: string
  readonly detail: string
}): string {
  const why = WHY[code] ?? `the server said “${code}”`
  return detail === '' ? `${why}.` : `${why} (${detail}).`
}
