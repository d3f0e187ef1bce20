import type { z } from 'zod'

/** What is read of zod's answer. */
export type Parsed<T> =
  | { readonly success: true; readonly data: T }
  | {
      readonly success: false
      readonly error: {
        readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]
      }
    }

const NO_LENGTH = [{ path: [], message: 'holds an object with a length where text or a list belongs' }]

/**
 * zod's `safeParse`, which throws on some JSON: it compares the `length` of what should be text or a list, and
 * `{"length":{"toString":0}}` has one that can't be compared.
 */
export function safeParse<S extends z.ZodType>(schema: S, value: unknown): Parsed<z.output<S>> {
  try {
    return schema.safeParse(value)
  } catch (error) {
    if (error instanceof TypeError && error.message.endsWith('to primitive value'))
      return { success: false, error: { issues: NO_LENGTH } }
    throw error
  }
}
