import { storableText } from './storable-text.ts'

/**
 * Array literals for `unnest`. Uuids and numbers need no quotes; `texts` makes user text storable, and `jsons`
 * leaves it alone, since JSON.stringify has escaped what text cannot hold.
 */
export const uuids = (values: readonly (string | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`

export const numbers = (values: readonly (number | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`

export const booleans = (values: readonly boolean[]): string => `{${values.join(',')}}`

export const texts = (values: readonly (string | null)[]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : quoted(storableText(value)))).join(',')}}`

/** Null stays SQL's NULL; JSON's own null is never a document. */
export const jsons = (values: readonly unknown[]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : quoted(JSON.stringify(value)))).join(',')}}`

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
