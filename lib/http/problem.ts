import { ApplicationError, isApplicationError, isStorageError } from '#lib/application/errors.ts'
import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import { ERROR_CODES } from '#lib/protocol/error-codes.ts'
import type { StatusClass } from '#lib/application/request-counter.ts'
import type { Answer } from './answer.ts'
import { toResponse } from './answer.ts'

/** Waits before a database that is away is asked again: spread, so that not all come at once. */
const DATABASE_RETRY_MS = 2_000

/** Every failure as one that the caller may be told of; null for one that is our own fault. */
export function tellable(error: unknown, random: () => number): ApplicationError | null {
  if (isApplicationError(error)) return error
  if (isStorageError(error, 'storage_unavailable')) {
    return new ApplicationError('database_unavailable', {
      retryAfterMs: DATABASE_RETRY_MS * (0.5 + random()),
    })
  }
  if (isStorageError(error, 'contention'))
    return new ApplicationError('shed', { retryAfterMs: 1_000 + 1_000 * random() })
  if (isStorageError(error, 'fleet_gone')) return new ApplicationError('not_found')
  return null
}

/** RFC 9457, with the stable `code` of the contract and `extra` members of the failure. */
export function problemAnswer(
  error: ApplicationError,
  requestId: string | null,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const { tidemarkCode: code, detail, extra, retryAfterMs } = error
  const { status, title, help } = ERROR_CODES[code]
  const body = {
    type: `/docs/errors#${code}`,
    title,
    status,
    code,
    ...(detail === null ? {} : { detail }),
    help,
    ...(requestId === null ? {} : { requestId }),
    ...extra,
  }
  return {
    status,
    body: JSON.stringify(body),
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...(retryAfterMs === null ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }),
    },
  }
}

export const problemResponse = (...of: Parameters<typeof problemAnswer>): Response =>
  toResponse(problemAnswer(...of))

/** How an answer is counted: what a breaker, an overload or an operator's pause refused is a class of its own. */
export function statusClassOf(status: number, code: ErrorCode | null): StatusClass {
  if (code === 'shed' || code === 'breaker_open' || code === 'device_paused') return 'shed'
  if (status < 300) return '2xx'
  if (status < 400) return '3xx'
  return status < 500 ? '4xx' : '5xx'
}
