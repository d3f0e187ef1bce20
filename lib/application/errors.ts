import type { z } from 'zod'
import { safeParse } from '#lib/protocol/safe-parse.ts'
import type { Json } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import { ERROR_CODES } from '#lib/protocol/error-codes.ts'
import type { LockTimeout } from '#lib/storage/ports.ts'

/**
 * A failure that the caller is told of, by a code of the wire contract. Told apart by `tidemarkCode`, never by
 * instanceof: Next evaluates modules more than once.
 */
export class ApplicationError extends Error {
  readonly tidemarkCode: ErrorCode
  readonly detail: string | null
  /** Further members of the problem document. */
  readonly extra: Readonly<Record<string, Json>>
  /** When to come back, in ms; becomes `Retry-After`. */
  readonly retryAfterMs: number | null

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    super(options.detail ?? ERROR_CODES[code].title, { cause: options.cause })
    this.tidemarkCode = code
    this.detail = options.detail ?? null
    this.extra = options.extra ?? {}
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}

interface ErrorOptions {
  /** What went wrong behind it, for breakers; never told. */
  readonly cause?: unknown
  readonly detail?: string | undefined
  readonly extra?: Readonly<Record<string, Json>> | undefined
  readonly retryAfterMs?: number | undefined
}

export function isApplicationError(error: unknown): error is ApplicationError {
  return error instanceof Error && 'tidemarkCode' in error
}

/** True for an error of the storage with this code (ports.ts). */
export function isStorageError(
  error: unknown,
  code: 'storage_unavailable' | 'contention' | 'fleet_gone' | 'plan_too_large',
): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** A lock that could not be had in time, with the collection when it was of its stream; null for other failures. */
export function lockTimeoutOf(error: unknown): LockTimeout | null {
  if (!isStorageError(error, 'contention')) return null
  return (error as { readonly lockTimeout?: LockTimeout | null }).lockTimeout ?? null
}

/** One place of a refused input: a JSON Pointer and what is wrong there. */
export interface InputIssue {
  readonly path: string
  readonly message: string
}

export const badRequest = (errors: readonly InputIssue[]): ApplicationError =>
  new ApplicationError('bad_request', {
    extra: { errors: errors.map(({ path, message }) => ({ path, message })) },
  })

const ISSUES_SHOWN_MAX = 20

/** The parsed value, or `bad_request` with the places. */
export function parsedOrThrow<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = safeParse(schema, value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.slice(0, ISSUES_SHOWN_MAX)
  throw badRequest(issues.map(({ path, message }) => ({ path: toPointer(path), message })))
}
