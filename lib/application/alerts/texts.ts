import { z } from 'zod'
import { withoutHalfPairs } from '#lib/kernel/half-pairs.ts'

/**
 * What people write about alerts, trimmed. Control characters are refused: no page shows them as they came, and a title is the
 * subject of a mail. Half a surrogate pair is kept as U+FFFD.
 */
export const oneLine = (max: number) => text(max, 1, /\p{Cc}/u, 'must have no control characters')

/** The same of some lines. */
export const someLines = (max: number, min = 1) =>
  text(max, min, /[^\P{Cc}\n\r\t]/u, 'must have no control characters but line breaks and tabs')

const text = (max: number, min: number, refused: RegExp, message: string) =>
  z
    .string()
    .trim()
    .min(min)
    .max(max)
    .refine((said) => !refused.test(said), message)
    .overwrite(withoutHalfPairs)
