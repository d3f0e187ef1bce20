import type { FailureKind } from '#lib/engine/backoff.ts'
import type { ClockSample } from '#lib/engine/clock-offset.ts'
import { sampleClock } from '#lib/engine/clock-offset.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { SessionReport } from '#lib/protocol/session.ts'
import type { Clock } from './clock.ts'
import type { Check } from './wire.ts'

export type AttemptKind = SessionReport['attempts'][number]['kind']

export interface Call<T> {
  readonly kind: AttemptKind
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly credential: string | null
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly check: Check<T>
}

/** What an answer says besides its body. Absent headers are null. */
export interface AnswerFacts {
  readonly sample: ClockSample | null
  readonly configVersion: number | null
  readonly epoch: number | null
  readonly commands: readonly Command[]
}
export interface Command {
  readonly id: string
  readonly type: string
}

/** Why there is no result, by what the device has to do about it. */
export type Failure =
  /** No usable answer: wait, then the same again. `status` is 0 without an answer. */
  | { readonly kind: 'unreachable'; readonly failure: FailureKind; readonly status: number; readonly code: string }
  | { readonly kind: 'wait'; readonly event: 'shed' | 'breaker_open'; readonly retryAfterMs: number; readonly status: number; readonly code: string }
  /** Needs a person. */
  | { readonly kind: 'halt'; readonly status: number; readonly code: string }
  | { readonly kind: 'resync'; readonly reason: 'token_expired' | 'token_invalid'; readonly status: number; readonly code: string }
  | { readonly kind: 'epoch'; readonly status: number; readonly code: string }
  /** The request as it is will never do. */
  | { readonly kind: 'refused'; readonly status: number; readonly code: string; readonly detail: string }

export type Outcome<T> = { readonly ok: true; readonly value: T; readonly status: number } | { readonly ok: false; readonly failure: Failure }

export interface Reply<T> {
  readonly outcome: Outcome<T>
  /** Null without an answer. */
  readonly facts: AnswerFacts | null
  readonly startedAtMs: number
  readonly durationMs: number
}

export interface Transport {
  call<T>(call: Call<T>, abort: AbortSignal): Promise<Reply<T>>
}

export interface TransportOptions {
  readonly url: string
  /** `<appVersion>;<platform>`. */
  readonly app: string
  readonly clock: Clock
  readonly fetch: typeof fetch
  readonly timeoutMs: number
}

const ANSWER_BYTES_MAX = 16 * 1024 * 1024
const COMMANDS_MAX = 100
/** A server that sheds without saying for how long. */
const RETRY_AFTER_DEFAULT_MS = 5_000

/** One request with a time limit over head and body, its clock sample, and its failure told by kind. Never throws. */
export function createTransport(options: TransportOptions): Transport {
  const { clock } = options
  const base = options.url.replace(/\/+$/, '')
  return {
    async call(call, abort) {
      const startedAtMs = clock.now()
      const limit = new AbortController()
      const cancel = (): void => limit.abort()
      abort.addEventListener('abort', cancel)
      let timedOut = false
      const timer = clock.setTimeout(() => ((timedOut = true), limit.abort()), options.timeoutMs)
      const reply = <T>(outcome: Outcome<T>, facts: AnswerFacts | null): Reply<T> => ({
        outcome,
        facts,
        startedAtMs,
        durationMs: Math.max(0, Math.round(clock.now() - startedAtMs)),
      })
      try {
        const response = await options.fetch(base + call.path, {
          method: call.method,
          headers: headersOf(call, options.app),
          signal: limit.signal,
          ...(call.body === undefined ? {} : { body: call.body }),
        })
        const facts = readFacts(response.headers, startedAtMs, clock.now())
        const text = await response.text()
        return reply(readOutcome(call, response, text), facts)
      } catch (error) {
        return reply({ ok: false, failure: { kind: 'unreachable', status: 0, ...classify(error, timedOut) } }, null)
      } finally {
        clock.clearTimeout(timer)
        abort.removeEventListener('abort', cancel)
      }
    },
  }
}

function headersOf(call: Call<unknown>, app: string): Record<string, string> {
  return {
    accept: 'application/json',
    'tidemark-app': app,
    ...(call.credential === null ? {} : { authorization: `Bearer ${call.credential}` }),
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...call.headers,
  }
}

function readFacts(headers: Headers, sentMs: number, receivedMs: number): AnswerFacts {
  const serverNowMs = timeOf(headers.get('tidemark-now'))
  return {
    sample: serverNowMs === null ? null : sampleClock({ sentMs, receivedMs, serverNowMs }),
    configVersion: countOf(headers.get('tidemark-config')),
    epoch: countOf(headers.get('tidemark-epoch')),
    commands: commandsOf(headers.get('tidemark-commands')),
  }
}

const countOf = (text: string | null): number | null => (text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null)

/** Unix milliseconds, or an ISO time. */
function timeOf(text: string | null): number | null {
  const ms = countOf(text) ?? Date.parse(text ?? '')
  return Number.isFinite(ms) ? ms : null
}

function commandsOf(text: string | null): readonly Command[] {
  const list = text === null ? null : parse(text)
  if (!Array.isArray(list)) return []
  const isCommand = (item: unknown): item is Command =>
    isJsonObject(item) && typeof item['id'] === 'string' && typeof item['type'] === 'string'
  return list.filter(isCommand).slice(0, COMMANDS_MAX)
}

function readOutcome<T>(call: Call<T>, response: Response, text: string): Outcome<T> {
  const { status } = response
  const body = text.length > ANSWER_BYTES_MAX ? undefined : parse(text)
  if (status >= 200 && status < 300) {
    const value = call.check(body)
    if (value !== null) return { ok: true, value, status }
    return { ok: false, failure: { kind: 'unreachable', failure: 'answer_lost', status, code: 'bad_answer' } }
  }
  const problem = isJsonObject(body) ? body : {}
  const retryAfterMs = retryAfterOf(response.headers.get('retry-after'))
  return { ok: false, failure: readFailure(status, problem, retryAfterMs) }
}

/** A status alone may come from anything between us and the server; what ends or halts work needs the server's own code. */
function readFailure(status: number, problem: JsonObject, retryAfterMs: number | null): Failure {
  const code = typeof problem['code'] === 'string' ? problem['code'] : `http_${status}`
  const detail = typeof problem['detail'] === 'string' ? problem['detail'] : ''
  const wait = (event: 'shed' | 'breaker_open'): Failure =>
    ({ kind: 'wait', event, retryAfterMs: retryAfterMs ?? RETRY_AFTER_DEFAULT_MS, status, code })
  switch (code) {
    case 'device_revoked':
    case 'unauthorized':
    case 'device_forked':
    case 'app_version_refused':
      return { kind: 'halt', status, code }
    case 'token_expired':
    case 'token_invalid':
      return { kind: 'resync', reason: code, status, code }
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
  return { kind: 'refused', status, code, detail }
}

function retryAfterOf(text: string | null): number | null {
  if (text === null) return null
  const seconds = Number(text)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const LOST_AFTER_SENDING = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])
const TIMED_OUT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'])

/** Browsers don't say why; then the careful guess is that no connection came about (no quick retry, BO1). */
function classify(error: unknown, timedOut: boolean): { readonly failure: FailureKind; readonly code: string } {
  if (timedOut) return { failure: 'timed_out', code: 'timed_out' }
  const cause = (error as { cause?: { code?: unknown } | null } | null)?.cause
  const found = cause?.code ?? (error as { code?: unknown } | null)?.code
  const code = typeof found === 'string' ? found : 'no_answer'
  if (LOST_AFTER_SENDING.has(code)) return { failure: 'answer_lost', code }
  return { failure: TIMED_OUT.has(code) ? 'timed_out' : 'refused_connection', code }
}
