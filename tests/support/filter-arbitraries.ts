import fc from 'fast-check'
import { COMPARISONS, type Condition, type Field, type Fields, type Filter } from '#lib/query/field.ts'

/** Texts of which the grammar could trip: quotes, commas, colons, dashes, blanks within. */
const oddText = fc
  .array(fc.constantFrom('a', 'B', '0', '-', ':', ',', '"', '\\', ' ', '.', 'ä', '%', '_', 'device:'), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(''))
  .filter((text) => text.trim() !== '')

function conditionOf<Key extends string>(
  key: Key,
  field: Field,
  texts: fc.Arbitrary<string>,
  ids: fc.Arbitrary<string>,
): fc.Arbitrary<Condition<Key>> {
  const not = fc.boolean()
  if (field.kind === 'duration' || field.kind === 'count') {
    const unit = field.kind === 'count' ? 'count' : 'ms'
    const amount = fc.oneof(
      fc.nat({ max: 5 }),
      fc.nat({ max: 90 }).map((n) => n * 60_000),
      fc.nat({ max: 100_000 }),
    )
    const comparison = fc.constantFrom(...COMPARISONS)
    return fc.record({
      kind: fc.constant('compare' as const),
      key: fc.constant(key),
      not,
      comparison,
      amount,
      unit: fc.constant(unit as 'ms' | 'count'),
    })
  }
  if (field.kind === 'time') {
    const age = fc.record({
      kind: fc.constant('age' as const),
      key: fc.constant(key),
      not,
      comparison: fc.constantFrom(...COMPARISONS),
      ageMs: fc.oneof(
        fc.nat({ max: 90 }).map((n) => n * 60_000),
        fc.nat({ max: 100_000 }),
      ),
    })
    const bound = fc.oneof(
      fc.constantFrom(Date.parse('2026-06-15T00:00:00Z'), Date.parse('2026-06-16T00:00:00Z')),
      fc.nat({ max: 90 }).map((n) => Date.parse('2026-06-15T12:00:00Z') - n * 60_000),
    )
    const within = fc
      .tuple(fc.option(bound), fc.option(bound))
      .filter(([from, to]) => (from ?? to) !== null && (from === null || to === null || from < to))
      .chain(([fromMs, toMs]) =>
        fc.record({
          kind: fc.constant('within' as const),
          key: fc.constant(key),
          not,
          fromMs: fc.constant(fromMs),
          toMs: fc.constant(toMs),
        }),
      )
    return fc.oneof(age, within)
  }
  const value =
    field.kind === 'id'
      ? ids
      : field.kind === 'choice'
        ? fc.constantFrom(...field.choices.map((choice) => choice.value))
        : texts
  const values = fc.uniqueArray(value, { minLength: 1, maxLength: 3 })
  return fc.record({ kind: fc.constant('is' as const), key: fc.constant(key), not, values })
}

/** Filters of a list; `texts` are what its rows are likely to have. */
export function filters<Key extends string>(
  fields: Fields<Key>,
  texts: fc.Arbitrary<string> = oddText,
  maxLength = 4,
  ids: fc.Arbitrary<string> = fc.uuid(),
): fc.Arbitrary<Filter<Key>> {
  const words = fc.record({ kind: fc.constant('words' as const), not: fc.boolean(), text: texts })
  const keyed = (Object.keys(fields) as Key[]).map((key) => conditionOf(key, fields[key], texts, ids))
  return fc.array(fc.oneof(words, ...keyed), { maxLength })
}
