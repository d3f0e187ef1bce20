import { canonicalJson, isJsonObject, jsonEqual, ownValue, type Json } from '#lib/kernel/json.ts'

/** One field before and after; null where it was not there. */
export interface ChangeRow {
  readonly field: string
  readonly before: string | null
  readonly after: string | null
}

/** What an entry changed, field by field: those that differ first, as they stand; equal ones are left out. Pure. */
export function changeRows(before: Json, after: Json): { rows: readonly ChangeRow[]; equal: number } {
  const [was, is] = [fieldsOf(before), fieldsOf(after)]
  const fields = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  const rows = fields
    .filter((field) => !jsonEqual(ownValue(was, field), ownValue(is, field)))
    .map((field) => ({
      field,
      before: textOf(ownValue(was, field)),
      after: textOf(ownValue(is, field)),
    }))
  return { rows, equal: fields.length - rows.length }
}

/** What is no object is one value, under the name that it has in an entry. */
const fieldsOf = (value: Json) => (value === null ? {} : isJsonObject(value) ? value : { value })
const textOf = (value: Json | undefined): string | null =>
  value === undefined ? null : typeof value === 'string' ? value : canonicalJson(value)
