import { storableText } from './storable-text.ts'

/** Array literals for `unnest`: uuids and numbers need no quotes, and `texts` makes user text storable. */
export const uuids = (values: readonly (string | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`

export const numbers = (values: readonly (number | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`

export const booleans = (values: readonly boolean[]): string => `{${values.join(',')}}`

export const texts = (values: readonly (string | null)[]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : quoted(storableText(value)))).join(',')}}`

/**
 * JSON texts in one, for `jsonArray`: JSON holds no raw control character, so that the record separator parts them
 * and nothing needs quotes, which cost more than all else here. Null is SQL's NULL; JSON's null is never a document.
 */
export const jsons = (values: readonly unknown[]): string =>
  values.map((value) => (value === null ? '\\N' : JSON.stringify(value))).join('\x1e')

/** SQL of the json[] in parameter `n` as `jsons` wrote it. */
export const jsonArray = (n: number): string => `string_to_array($${n}, chr(30), '\\N')::json[]`

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
