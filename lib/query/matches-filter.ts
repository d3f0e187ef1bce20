import { unreachable } from '#lib/kernel/result.ts'
import type { Comparison, Condition, Fields, Filter } from './field.ts'

/** What a row is under a key: texts of which it has none, one or several, or a number that may be unknown; of a `time` Unix ms. */
export type FieldValue = readonly string[] | number | null

export interface RowReader<Row, Key extends string> {
  /** The value under a key; of a `name` the name and the id. */
  readonly values: Readonly<Record<Key, (row: Row) => FieldValue>>
  /** Where free words are looked for. */
  readonly words: (row: Row) => readonly string[]
}

/** Whether all conditions hold of a row. The same is said in SQL (lib/storage/prisma/filter-sql.ts). Pure. */
export const matchesFilter = <Row, Key extends string>(
  row: Row,
  filter: Filter<Key>,
  fields: Fields<Key>,
  reader: RowReader<Row, Key>,
): boolean => filter.every((condition) => holds(row, condition, fields, reader) !== condition.not)

function holds<Row, Key extends string>(
  row: Row,
  condition: Condition<Key>,
  fields: Fields<Key>,
  reader: RowReader<Row, Key>,
): boolean {
  if (condition.kind === 'words') {
    const text = condition.text.toLowerCase()
    return reader.words(row).some((candidate) => candidate.toLowerCase().includes(text))
  }
  const value = reader.values[condition.key](row)
  if (condition.kind === 'compare')
    return typeof value === 'number' && compares(value, condition.comparison, condition.amount)
  if (condition.kind === 'age') throw new Error(`assertion failed: ${condition.key} is frozen`)
  if (condition.kind === 'within')
    return (
      typeof value === 'number' &&
      value >= (condition.fromMs ?? -Infinity) &&
      value < (condition.toMs ?? Infinity)
    )
  if (value === null || typeof value === 'number') return false
  if (fields[condition.key].kind === 'prefix')
    return value.some((one) => condition.values.some((start) => one.startsWith(start)))
  const fold = fields[condition.key].kind === 'name' ? (text: string) => text.toLowerCase() : asItIs
  const wanted = new Set(condition.values.map(fold))
  return value.some((one) => wanted.has(fold(one)))
}

const asItIs = (text: string): string => text

function compares(value: number, comparison: Comparison, amount: number): boolean {
  switch (comparison) {
    case '>':
      return value > amount
    case '>=':
      return value >= amount
    case '<':
      return value < amount
    case '<=':
      return value <= amount
    case '=':
      return value === amount
    default:
      return unreachable(comparison)
  }
}
