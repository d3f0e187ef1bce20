/** What the schema validator calls types, as people call what is written in a field. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
  object: 'an object',
  array: 'a list',
}
const typeWords = (types: string): string =>
  types
    .split('", "')
    .map((type) => TYPES[type] ?? type)
    .join(' or ')

/** Each wording of the validator (@cfworker/json-schema) that a person would stumble over, and the same in plain words. */
const WORDINGS: readonly (readonly [RegExp, (...parts: string[]) => string])[] = [
  [
    /^Instance type "(.+?)" is invalid\. Expected "(.+)"\.$/,
    (is = '', wanted = '') => `is ${typeWords(is)}, not ${typeWords(wanted)}`,
  ],
  [/^Instance does not have required property "(.*)"\.$/, (field) => `“${field}” is missing`],
  [
    /^Instance does not match any of \[(.*)\]\.$/s,
    (allowed) => `is none of ${allowed?.replaceAll('","', '", "')}`,
  ],
  [/^Instance does not match any subschemas\.$/, () => 'fits none of the forms that are allowed'],
  [
    /^Instance does not match exactly one subschema \((\d+) matches\)\.$/,
    (matches) => `fits ${matches} of the forms, where it has to fit exactly one`,
  ],
  [/^Instance matched "not" schema\.$/, () => 'has a form that is not allowed'],
  [/^Instance does not match "(?:then|else)" schema\.$/, () => 'lacks what its other fields ask for'],
  [/^Instance does not match (.*)\.$/s, (wanted) => `is not ${wanted}`],
  [
    /^Instance has "(.*)" but does not have "(.*)"\.$/,
    (field, other) => `has “${field}”, which needs “${other}”`,
  ],
  // The validator says "at least" of both bounds.
  [
    /^Instance does not have at least (\d+) properties\.$/,
    (bound) => `has another number of fields than allowed (${bound})`,
  ],
  [
    /^String is too long \((\d+) > (\d+)\)\.$/,
    (has, most) => `is too long: ${has} characters, ${most} at most`,
  ],
  [
    /^String is too short \((\d+) < (\d+)\)\.$/,
    (has, least) => `is too short: ${has} characters, ${least} at least`,
  ],
  [/^String does not match format "(.*)"\.$/, (format) => `is no valid ${format}`],
  [
    /^Array has too many items \((\d+) > (\d+)\)\.$/,
    (has, most) => `has too many items: ${has}, ${most} at most`,
  ],
  [
    /^Array has too few items \((\d+) < (\d+)\)\.$/,
    (has, least) => `has too few items: ${has}, ${least} at least`,
  ],
  [
    /^Array (?:is empty|has less items|does not contain|must contain).*\.$/,
    () => 'has too few items of the kind that is asked for',
  ],
  [/^Array may contain at most .*\.$/, () => 'has too many items of the kind that is limited'],
  [
    /^Duplicate items at indexes (\d+) and (\d+)\.$/,
    (one, other) => `has the same item twice, at ${one} and ${other}`,
  ],
  [
    /^(\S+) is (less|greater) than( or equal to)? +(\S+)\.$/,
    (has, side, equal = '', bound) => `is ${has}, ${side} than${equal} ${bound}`,
  ],
  [/^(\S+) is not a multiple of (\S+)\.$/, (has, step) => `is ${has}, not a multiple of ${step}`],
]

/** It goes on from the name of the field. */
const IS_PREDICATE = /^(?:is|has|fits|does|lacks) /

/** "speed is text, not a whole number": the field, and what is wrong with it. Pure. */
export function issueText(field: string, message: string): string {
  const said = issueWords(message)
  return `${field}${IS_PREDICATE.test(said) ? '' : ':'} ${said}`
}

/**
 * What is wrong with a field, as one says it after the field's name: "is text, not a whole number". What the schema validator
 * did not word stays as it is. For people alone: what is stored and answered is the validator's. Pure.
 */
export function issueWords(message: string): string {
  for (const [wording, plain] of WORDINGS) {
    const found = wording.exec(message)
    if (found) return plain(...found.slice(1))
  }
  return message
}
