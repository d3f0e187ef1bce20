import type { FailureKind } from '#lib/engine/backoff.ts'
import type { JsonObject } from '#lib/kernel/json.ts'

/** Why there is no result, by what the device has to do about it. */
export type Failure =
  /** No usable answer: wait, then the same again. `status` is 0 without an answer. */
  | {
      readonly kind: 'unreachable'
      readonly failure: FailureKind
      readonly status: number
      readonly code: string
    }
  | {
      readonly kind: 'wait'
      readonly event: 'shed' | 'breaker_open'
      readonly retryAfterMs: number
      readonly status: number
      readonly code: string
      /** True when only what this request asked for is shut (its collections' breakers, the streams): the rest may go on. */
      readonly narrow: boolean
    }
  /** Needs a person. */
  | { readonly kind: 'halt'; readonly status: number; readonly code: string }
  | {
      readonly kind: 'resync'
      readonly reason: 'token_expired' | 'token_invalid'
      readonly status: number
      readonly code: string
    }
  /** Another copy of this store goes on under our id. */
  | { readonly kind: 'forked'; readonly status: number; readonly code: string }
  | { readonly kind: 'epoch'; readonly status: number; readonly code: string }
  /** The request as it is will never do. `place` is the JSON Pointer into its body of what is wrong first, where that was told. */
  | {
      readonly kind: 'refused'
      readonly status: number
      readonly code: string
      readonly detail: string
      readonly place?: unknown
    }

/** A server that sheds without saying for how long. */
const RETRY_AFTER_DEFAULT_MS = 5_000

/** A status alone may come from anything between us and the server; what ends or halts work needs the server's own code. */
export function readFailure(status: number, problem: JsonObject, retryAfterMs: number | null): Failure {
  const code = typeof problem['code'] === 'string' ? problem['code'] : `http_${status}`
  const detail = typeof problem['detail'] === 'string' ? problem['detail'] : ''
  const wait = (event: 'shed' | 'breaker_open'): Failure => ({
    kind: 'wait',
    event,
    retryAfterMs: retryAfterMs ?? RETRY_AFTER_DEFAULT_MS,
    status,
    code,
    narrow: /^(collection:|backend:|events$)/.test(String(problem['scope'])),
  })
  switch (code) {
    case 'device_revoked':
    case 'unauthorized':
    case 'app_version_refused':
      return { kind: 'halt', status, code }
    case 'token_expired':
    case 'token_invalid':
      return { kind: 'resync', reason: code, status, code }
    case 'device_forked':
      return { kind: 'forked', status, code }
    case 'epoch_changed':
      return { kind: 'epoch', status, code }
    case 'breaker_open':
      return wait('breaker_open')
    case 'shed':
    case 'device_paused':
    case 'rate_limited':
      return wait('shed')
    // Our JSON is always JSON: it was damaged on the way, and the same again may well arrive.
    case 'malformed_json':
      return { kind: 'unreachable', failure: 'answer_lost', status, code }
  }
  if (status === 429 || (status >= 500 && retryAfterMs !== null)) return wait('shed')
  // A proxy's own 413 has no code; the batch is too large for it all the same.
  if (status >= 500 || status < 400 || (status !== 413 && !Object.hasOwn(problem, 'code'))) {
    return { kind: 'unreachable', failure: 'server_error', status, code }
  }
  const errors = problem['errors'] as readonly { readonly path?: unknown }[] | null | undefined
  return { kind: 'refused', status, code, detail, place: errors?.[0]?.path }
}

const LOST_AFTER_SENDING = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
])
const TIMED_OUT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'])

/** Browsers don't say why; then the careful guess is that no connection came about (no quick retry, BO1). */
export function classifyError(
  error: unknown,
  timedOut: boolean,
): { readonly failure: FailureKind; readonly code: string } {
  if (timedOut) return { failure: 'timed_out', code: 'timed_out' }
  const cause = (error as { cause?: { code?: unknown } | null } | null)?.cause
  const found = cause?.code ?? (error as { code?: unknown } | null)?.code
  const code = typeof found === 'string' ? found : 'no_answer'
  if (LOST_AFTER_SENDING.has(code)) return { failure: 'answer_lost', code }
  return { failure: TIMED_OUT.has(code) ? 'timed_out' : 'refused_connection', code }
}
