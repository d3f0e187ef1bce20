import { ERROR_CODES, type ErrorCode } from '#lib/protocol/error-codes.ts'

/** Next tells the browser of a page's failure by its `digest` alone: one with a code has it there (kept-page.tsx). */
export const codeOfDigest = (digest: string | undefined): ErrorCode | null =>
  digest !== undefined && Object.hasOwn(ERROR_CODES, digest) ? (digest as ErrorCode) : null
