import type { ClockSample } from '#lib/engine/clock-offset.ts'
import { clampRetryAfter } from '#lib/engine/backoff.ts'
import { sampleClock } from '#lib/engine/clock-offset.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { SessionReport } from '#lib/protocol/session.ts'
import type { Clock } from './clock.ts'
import type { Failure } from './failures.ts'
import { classifyError, readFailure } from './failures.ts'
import type { Check } from './wire.ts'

export type AttemptKind = SessionReport['attempts'][number]['kind']

export interface Call<T> {
  /** Of the attempt. */
  readonly kind: AttemptKind
  /** Below `/api/v1/`; the kind's name where it is left out. */
  readonly route?: string
  /** Left out: one with a body posts it, the others get. */
  readonly method?: 'POST'
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
  readonly deadLetterId?: unknown
  readonly conflictId?: unknown
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly status: number }
  | { readonly ok: false; readonly failure: Failure }

export interface Reply<T> {
  readonly outcome: Outcome<T>
  /** Null without an answer. */
  readonly facts: AnswerFacts | null
  readonly startedAtMs: number
  readonly durationMs: number
}

export type Opened =
  | { readonly body: ReadableStream<Uint8Array>; readonly failure: null }
  | { readonly body: null; readonly failure: Failure }

export interface Transport {
  call<T>(call: Call<T>, abort: AbortSignal): Promise<Reply<T>>
  /** An answer that goes on, without a time limit, or why there is none. Throws as `fetch` does. */
  open(path: string, credential: string, signal: AbortSignal): Promise<Opened>
}

export interface TransportOptions {
  readonly url: string
  /** `<appVersion>;<platform>`. */
  readonly app: string
  readonly clock: Clock
  readonly fetch: typeof fetch
  readonly timeoutMs: number
}

export const ANSWER_BYTES_MAX = 16 * 1024 * 1024
const COMMANDS_MAX = 100

/** One request with a time limit over head and body, its clock sample, and its failure told by kind. Never throws. */
export function createTransport(options: TransportOptions): Transport {
  const { clock } = options
  const base = options.url.replace(/\/+$/, '')
  return {
    async open(path, credential, signal) {
      const response = await options.fetch(base + path, {
        headers: { ...headersOf({ credential }, options.app), accept: 'text/event-stream' },
        signal,
      })
      const { status, body } = response
      if (status === 200 && body) return { body, failure: null }
      return { body: null, failure: failureOf(response, parse(await readText(response, signal))) }
    },
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
        const response = await options.fetch(`${base}/api/v1/${call.route ?? call.kind}`, {
          method: call.method ?? (call.body === undefined ? 'GET' : 'POST'),
          headers: headersOf(call, options.app),
          signal: limit.signal,
          ...(call.body === undefined ? {} : { body: call.body }),
        })
        const facts = readFacts(response.headers, startedAtMs, clock.now())
        return reply(readOutcome(call, response, parse(await readText(response, limit.signal))), facts)
      } catch (error) {
        return reply(
          { ok: false, failure: { kind: 'unreachable', status: 0, ...classifyError(error, timedOut) } },
          null,
        )
      } finally {
        clock.clearTimeout(timer)
        abort.removeEventListener('abort', cancel)
      }
    },
  }
}

function headersOf(
  call: Pick<Call<unknown>, 'credential' | 'body' | 'headers'>,
  app: string,
): Record<string, string> {
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
    commands: commandsOf(parse(headers.get('tidemark-commands') ?? 'null')),
  }
}

const countOf = (text: string | null): number | null =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null

/** Unix milliseconds, or an ISO time. */
function timeOf(text: string | null): number | null {
  const ms = countOf(text) ?? Date.parse(text ?? '')
  return Number.isFinite(ms) ? ms : null
}

export function commandsOf(list: unknown): readonly Command[] {
  if (!Array.isArray(list)) return []
  const isCommand = (item: unknown): item is Command =>
    isJsonObject(item) && typeof item['id'] === 'string' && typeof item['type'] === 'string'
  return list.filter(isCommand).slice(0, COMMANDS_MAX)
}

/** Reads no further than an answer may go; one that goes on is none. Where bodies are no streams only all can be read. */
async function readText(response: Response, signal: AbortSignal): Promise<string> {
  if (!response.body) return response.text()
  const reader = response.body.getReader()
  // Not every fetch ends a read when it is aborted. Of a body that broke the read tells.
  const cutOff = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', (event) => {
      reject(event)
      void reader.cancel().catch(() => undefined)
    }),
  )
  const decoder = new TextDecoder()
  let text = ''
  for (let bytes = 0; ;) {
    const { done, value } = await Promise.race([reader.read(), cutOff])
    if (done) return text + decoder.decode()
    bytes += value.length
    if (bytes > ANSWER_BYTES_MAX) return (await reader.cancel(), '')
    text += decoder.decode(value, { stream: true })
  }
}

function readOutcome<T>(call: Call<T>, response: Response, body: unknown): Outcome<T> {
  const { status } = response
  if (status >= 200 && status < 300) {
    const value = call.check(body)
    if (value !== null) return { ok: true, value, status }
    return { ok: false, failure: { kind: 'unreachable', failure: 'answer_lost', status, code: 'bad_answer' } }
  }
  return { ok: false, failure: failureOf(response, body) }
}

const failureOf = ({ status, headers }: Response, body: unknown): Failure =>
  readFailure(status, isJsonObject(body) ? body : {}, retryAfterOf(headers))

/** Seconds, or a date by the clock of whoever sent it (RFC 9110). */
function retryAfterOf(headers: Headers): number | null {
  const text = headers.get('retry-after') ?? ''
  const ms = /^\d+$/.test(text)
    ? Number(text) * 1_000
    : Date.parse(text) - Date.parse(headers.get('date') ?? '')
  return ms >= 0 ? clampRetryAfter(ms) : null
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A proxy's page, or cut short: it fits no answer of the contract, and is taken for a failure by that.
    return undefined
  }
}
