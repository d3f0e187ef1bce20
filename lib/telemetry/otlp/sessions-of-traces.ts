import { ATTEMPTS_PER_SESSION_MAX } from '#lib/protocol/limits.ts'
import type { Attributes } from './attributes.ts'
import { attributesOf, countOf, listOf, memberOf, textOf, unixMsOf } from './attributes.ts'
import { clientOf, picker } from './client.ts'

/** Spans of one export; what is past them is rejected, and told. */
export const SPANS_MAX = 10_000
/** Sessions among them. */
export const SESSIONS_PER_EXPORT_MAX = 1_000

/** What an export of spans tells. Each of `sessions` is still to be judged as one (protocol/ingest.ts). */
export interface TracesRead {
  readonly sessions: readonly object[]
  /** Session spans that can be none, and spans beyond the bounds. */
  readonly rejected: number
  /** Why, of the first; null when nothing was rejected. */
  readonly reason: string | null
}

/** Unix ms as the text of a report has it; the clock's own words are not for pure folders. */
export type TimeText = (unixMs: number) => string

interface Span {
  readonly traceId: string | undefined
  readonly name: string
  readonly attributes: Attributes
  readonly resource: Attributes
  readonly startedMs: number | null
  readonly endedMs: number | null
  readonly isError: boolean
}

/**
 * Sync sessions of an ExportTraceServiceRequest (docs/telemetry-in.md): spans `sync.session`, with the requests of those
 * `sync.push` and `sync.pull` of the same trace that the same export brings. Other spans tell nothing of a sync, and
 * are passed over. What a span doesn't say stays unsaid: no figure becomes 0.
 */
export function sessionsOfTraces(request: unknown, timeText: TimeText): TracesRead {
  const { spans, beyond } = spansOf(request)
  const requests = new Map<string, object[]>()
  for (const span of spans) {
    const attempt = attemptOf(span, timeText)
    if (attempt === null || span.traceId === undefined) continue
    const known = requests.get(span.traceId) ?? []
    if (known.length < ATTEMPTS_PER_SESSION_MAX) requests.set(span.traceId, [...known, attempt])
  }
  const reasons: string[] = beyond > 0 ? [`more than ${SPANS_MAX} spans in one export`] : []
  const sessions: object[] = []
  let rejected = beyond
  for (const span of spans) {
    if (span.name !== 'sync.session') continue
    const session = sessionOf(span, requests.get(span.traceId ?? '') ?? [], timeText)
    const problem =
      typeof session === 'string'
        ? session
        : sessions.length >= SESSIONS_PER_EXPORT_MAX
          ? `more than ${SESSIONS_PER_EXPORT_MAX} sessions in one export`
          : null
    if (problem === null) sessions.push(session as object)
    else {
      rejected += 1
      reasons.push(problem)
    }
  }
  return { sessions, rejected, reason: reasons[0] ?? null }
}

function spansOf(request: unknown): { readonly spans: readonly Span[]; readonly beyond: number } {
  const spans: Span[] = []
  let beyond = 0
  for (const ofResource of listOf(request, 'resourceSpans')) {
    const resource = attributesOf(memberOf(ofResource, 'resource'))
    for (const ofScope of listOf(ofResource, 'scopeSpans')) {
      for (const span of listOf(ofScope, 'spans')) {
        if (spans.length < SPANS_MAX) spans.push(spanOf(span, resource))
        else beyond += 1
      }
    }
  }
  return { spans, beyond }
}

const ERROR_CODES: ReadonlySet<unknown> = new Set([2, 'STATUS_CODE_ERROR'])

const spanOf = (span: unknown, resource: Attributes): Span => ({
  traceId: textOf(span, 'traceId')?.toLowerCase(),
  name: textOf(span, 'name') ?? '',
  attributes: attributesOf(span),
  resource,
  startedMs: unixMsOf(span, 'startTimeUnixNano'),
  endedMs: unixMsOf(span, 'endTimeUnixNano'),
  isError: ERROR_CODES.has(memberOf(memberOf(span, 'status'), 'code')),
})

const ATTEMPTS: Readonly<Record<string, 'push' | 'pull'>> = { 'sync.push': 'push', 'sync.pull': 'pull' }

/** Null for a span that is no request, or doesn't tell how it was answered. */
function attemptOf({ name, attributes, startedMs, endedMs }: Span, timeText: TimeText): object | null {
  const kind = Object.hasOwn(ATTEMPTS, name) ? ATTEMPTS[name] : undefined
  const status = countOf(attributes, 'http.response.status_code')
  if (kind === undefined || status === null || startedMs === null || endedMs === null) return null
  const code = attributes.get('error.type')
  return {
    kind,
    startedAt: timeText(startedMs),
    durationMs: Math.max(0, endedMs - startedMs),
    status,
    code: typeof code === 'string' ? code.slice(0, 64) : null,
  }
}

function sessionOf(span: Span, attempts: readonly object[], timeText: TimeText): object | string {
  const { attributes, startedMs, endedMs, traceId, isError } = span
  const pick = picker(attributes, span.resource)
  const client = clientOf(pick)
  if (client === null) return 'a span sync.session names no sync.client.id'
  const sessionId = pick('sync.session.id') ?? traceId
  if (sessionId === undefined) return 'a span sync.session has neither sync.session.id nor a trace id'
  if (startedMs === null || endedMs === null) return 'a span sync.session has no start or no end'
  return {
    sessionId,
    client,
    startedAt: timeText(startedMs),
    endedAt: timeText(endedMs),
    result: pick('sync.result') ?? (isError ? 'failed' : 'ok'),
    mode: pick('sync.mode'),
    fullReason: pick('sync.full_reason'),
    pushed: countOf(attributes, 'sync.pushed'),
    pulled: countOf(attributes, 'sync.pulled'),
    conflicts: countOf(attributes, 'sync.conflicts'),
    deadLettered: countOf(attributes, 'sync.dead_lettered'),
    queueDepthBefore: countOf(attributes, 'sync.queue.depth.before'),
    queueDepthAfter: countOf(attributes, 'sync.queue.depth.after'),
    attempts,
  }
}
