import { isUuid } from '#lib/kernel/uuid.ts'
import type { Condition, Filter } from '#lib/query/field.ts'
import { storableText } from './storable-text.ts'
import { at } from './values.ts'

/** Values of a statement that is put together, each named once by its place. */
export class SqlValues {
  readonly all: unknown[] = []

  add(value: unknown): string {
    this.all.push(value)
    return `$${this.all.length}`
  }
}

/** What a key is in SQL: expressions over a row, none of them with text from outside. */
export type KeySql =
  | { readonly kind: 'text' | 'prefix' | 'texts' | 'number'; readonly of: string }
  /** A text that is missing where it is the word that `otherwise` is. */
  | { readonly kind: 'text-or'; readonly of: string; readonly otherwise: string }
  | { readonly kind: 'name'; readonly name: string; readonly id: string }
  | { readonly kind: 'time'; readonly of: string }
  /** Ids, or with `among` those that a query makes of the ids asked for. */
  | { readonly kind: 'id'; readonly of: string; readonly among?: (ids: string) => string }
  | { readonly kind: 'marks'; readonly marks: Readonly<Record<string, string>> }

export interface ListSql<Key extends string> {
  readonly keys: Readonly<Record<Key, KeySql>>
  /** Where free words are looked for. */
  readonly words: readonly string[]
}

/** The conditions as `AND …`, true of the rows that lib/query/matches-filter.ts takes. */
export const filterSql = <Key extends string>(
  filter: Filter<Key>,
  list: ListSql<Key>,
  values: SqlValues,
): string =>
  filter
    .map((condition) => {
      const sql = conditionSql(condition, list, values)
      return condition.not ? ` AND (${sql}) IS NOT TRUE` : ` AND ${sql}`
    })
    .join('')

function conditionSql<Key extends string>(
  condition: Condition<Key>,
  { keys, words }: ListSql<Key>,
  values: SqlValues,
): string {
  if (condition.kind === 'words') {
    const text = values.add(folded(condition.text))
    return `(${words.map((of) => `strpos(lower(${of}), ${text}) > 0`).join(' OR ')})`
  }
  const key = keys[condition.key]
  if (condition.kind === 'compare') {
    if (key.kind !== 'number') throw new Error(`assertion failed: ${condition.key} is a number`)
    return `${key.of} ${condition.comparison} ${values.add(condition.amount)}::bigint`
  }
  if (condition.kind === 'within') {
    if (key.kind !== 'time') throw new Error(`assertion failed: ${condition.key} is a time`)
    return `(${withinSql(key.of, condition, values)})`
  }
  if (condition.kind === 'age') throw new Error(`assertion failed: ${condition.key} is frozen`)
  switch (key.kind) {
    case 'id': {
      const ids = `${values.add(condition.values)}::uuid[]`
      return `${key.of} = ANY (${key.among === undefined ? ids : `ARRAY(${key.among(ids)})`})`
    }
    case 'text':
      return `${key.of} = ANY (${values.add(condition.values.map(storableText))}::text[])`
    case 'prefix': {
      const starts = `${values.add(condition.values.map(storableText))}::text[]`
      return `EXISTS (SELECT FROM unnest(${starts}) AS s(start) WHERE starts_with(${key.of}, s.start))`
    }
    case 'text-or':
      return textOrSql(key, condition.values, values)
    case 'texts':
      return `${key.of} && ${values.add(condition.values.map(storableText))}::text[]`
    case 'name':
      return nameSql(key, condition.values, values)
    case 'marks':
      return `(${condition.values.map((mark) => key.marks[mark] ?? 'false').join(' OR ')})`
    case 'time':
    case 'number':
      throw new Error(`assertion failed: ${condition.key} is compared`)
  }
}

const withinSql = (
  of: string,
  { fromMs, toMs }: { readonly fromMs: number | null; readonly toMs: number | null },
  values: SqlValues,
): string =>
  [
    fromMs === null ? [] : [`${of} >= ${values.add(at(fromMs))}::timestamptz`],
    toMs === null ? [] : [`${of} < ${values.add(at(toMs))}::timestamptz`],
  ]
    .flat()
    .join(' AND ')

/** What is missing stands in no index of those that are there, so it is asked for only where its word is. */
function textOrSql(
  { of, otherwise }: { readonly of: string; readonly otherwise: string },
  wanted: readonly string[],
  values: SqlValues,
): string {
  const named = `${of} = ANY (${values.add(wanted.map(storableText))}::text[])`
  return wanted.includes(otherwise) ? `(${of} IS NULL OR ${named})` : named
}

/** A name, or an id where the text can be one: with ids alone an index on them is of use. */
function nameSql(
  { name, id }: { readonly name: string; readonly id: string },
  wanted: readonly string[],
  values: SqlValues,
): string {
  const ids = wanted.filter((text) => isUuid(text.toLowerCase()))
  const byId = `${id} = ANY (${values.add(ids.map((text) => text.toLowerCase()))}::uuid[])`
  if (ids.length === wanted.length) return byId
  return `(${byId} OR lower(${name}) = ANY (${values.add(wanted.map(folded))}::text[]))`
}

/** In lower case before it is made storable: what stands for a NUL is in lower case already. */
const folded = (text: string): string => storableText(text.toLowerCase())
