import { err, ok, type Result } from '#lib/kernel/result.ts'
import { parseCount, parseDuration } from './amount.ts'
import {
  COMPARISONS,
  CONDITIONS_MAX,
  FILTER_LENGTH_MAX,
  VALUES_PER_CONDITION_MAX,
  type Comparison,
  type Condition,
  type Field,
  type Fields,
  type Filter,
} from './field.ts'
import { parseTimeRange } from './time-range.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import { readTokens, type FilterProblem, type Token } from './read-tokens.ts'

/**
 * The conditions that a text asks for, or the first piece of it that is not understood and what may stand there.
 * The grammar is docs/filters.md. Pure.
 */
export function parseFilter<Key extends string>(
  text: string,
  fields: Fields<Key>,
): Result<Filter<Key>, FilterProblem> {
  if (text.length > FILTER_LENGTH_MAX)
    return err({ token: '', message: `a filter has at most ${FILTER_LENGTH_MAX} characters` })
  const tokens = readTokens(text)
  if (!tokens.ok) return tokens
  if (tokens.value.length > CONDITIONS_MAX)
    return err({ token: '', message: `a filter has at most ${CONDITIONS_MAX} conditions` })
  const filter: Condition<Key>[] = []
  for (const token of tokens.value) {
    const condition = conditionOf(token, fields)
    if (!condition.ok) return err({ token: token.source, message: condition.error })
    filter.push(condition.value)
  }
  return ok(filter)
}

/** A problem as a sentence. Pure. */
export const problemText = ({ token, message }: FilterProblem): string =>
  token === ''
    ? `${message.charAt(0).toUpperCase()}${message.slice(1)}`
    : `“${token}” is not understood: ${message}`

function conditionOf<Key extends string>(
  { key, not, values }: Token,
  fields: Fields<Key>,
): Result<Condition<Key>, string> {
  if (key === null) {
    const text = values.join('')
    return text.trim() === '' ? err('there is nothing between the quotes') : ok({ kind: 'words', not, text })
  }
  if (!isKeyOf(fields, key))
    return err(
      `there is no key ${key}; keys are ${Object.keys(fields).join(', ')}; a colon in a word is put in quotes`,
    )
  const field = fields[key]
  if (values.length > VALUES_PER_CONDITION_MAX) return err(`at most ${VALUES_PER_CONDITION_MAX} values`)
  if (values.some((value) => value.trim() === '')) return err(`${key}: takes ${expected(key, field)}`)
  if (field.kind === 'duration' || field.kind === 'count') return comparisonOf(key, field, not, values)
  if (field.kind === 'time') return momentOf(key, field, not, values)
  if (field.kind === 'id') {
    const ids = values.map((value) => value.toLowerCase())
    return ids.every(isUuid)
      ? ok({ kind: 'is', key, not, values: [...new Set(ids)] })
      : err(`${key}: takes ${expected(key, field)}`)
  }
  if (field.kind !== 'choice') return ok({ kind: 'is', key, not, values: [...new Set(values)] })
  const chosen = values.map((value) => field.choices.find((choice) => choice.value === value.toLowerCase()))
  const known = chosen.flatMap((choice) => choice?.value ?? [])
  if (known.length < values.length) return err(`${key}: takes ${expected(key, field)}`)
  return ok({ kind: 'is', key, not, values: [...new Set(known)] })
}

const isKeyOf = <Key extends string>(fields: Fields<Key>, key: string): key is Key =>
  Object.hasOwn(fields, key)

function comparisonOf<Key extends string>(
  key: Key,
  field: Field,
  not: boolean,
  values: readonly string[],
): Result<Condition<Key>, string> {
  const wrong = err(`${key}: takes ${expected(key, field)}`)
  const { comparison, rest } = readComparison(values[0] ?? '')
  if (values.length > 1) return wrong
  const amount = field.kind === 'count' ? parseCount(rest) : parseDuration(rest)
  if (comparison === undefined || amount === null) return wrong
  const unit = field.kind === 'count' ? 'count' : 'ms'
  return ok({ kind: 'compare', key, not, comparison, amount, unit })
}

function momentOf<Key extends string>(
  key: Key,
  field: Field,
  not: boolean,
  values: readonly string[],
): Result<Condition<Key>, string> {
  const wrong = err(`${key}: takes ${expected(key, field)}`)
  const [value = ''] = values
  if (values.length > 1) return wrong
  const range = parseTimeRange(value)
  if (range !== null) return ok({ kind: 'within', key, not, ...range })
  const { comparison, rest } = readComparison(value)
  const ageMs = parseDuration(rest)
  if (comparison === undefined || ageMs === null) return wrong
  return ok({ kind: 'age', key, not, comparison, ageMs })
}

/** `>=5m`; without a sign it is equal. */
function readComparison(value: string): {
  readonly comparison: Comparison | undefined
  readonly rest: string
} {
  const sign = /^[<>]?=?/.exec(value)?.[0] ?? ''
  const comparison = COMPARISONS.find((one) => one === (sign === '' ? '=' : sign))
  return { comparison, rest: value.slice(sign.length) }
}

/** What may stand behind a key, in words. Pure. */
export function expected(key: string, field: Field): string {
  switch (field.kind) {
    case 'choice':
      return `one of ${field.choices.map(({ value }) => value).join(', ')}, or several with commas`
    case 'text':
      return `a text, or several with commas, such as ${field.examples[0] ?? key}`
    case 'prefix':
      return `how a text begins, or several with commas, such as ${field.examples[0] ?? key}`
    case 'name':
      return `a whole name or an id, such as ${field.examples[0] ?? key}`
    case 'id':
      return `an id, or several with commas, such as ${field.examples[0] ?? key}`
    case 'time':
      return `an age, a day or from..to, such as ${field.examples.join(', ')}`
    case 'duration':
      return `a time with its unit (ms, s, m, h, d), such as ${field.examples[0] ?? key}`
    case 'count':
      return `a number, such as ${field.examples[0] ?? key}`
  }
}
