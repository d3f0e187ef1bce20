import { withoutHalfPairs } from '#lib/kernel/half-pairs.ts'
import type { Rejected } from '../rejections.ts'
import { rejections } from '../rejections.ts'
import type { Attributes } from './attributes.ts'
import { attributesOf, countOf, listOf, memberOf, textOf, unixMsOf } from './attributes.ts'
import { clientOf, picker } from './client.ts'

/** Log records of one export; what is past them is rejected, and told. */
export const LOGS_MAX = 10_000

/** How grave a log is, as OpenTelemetry groups its severity numbers. */
export const LOG_LEVELS = ['info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What a client logged of its syncing; `client` is still to be judged as one (protocol/ingest.ts). */
export interface LogRead {
  readonly client: object
  /** As its engine names it; null where no session is named. */
  readonly sessionId: string | null
  readonly atMs: number
  readonly level: LogLevel
  readonly text: string
  /** The kind of an error. */
  readonly code: string | null
}

export interface LogsRead extends Rejected {
  readonly logs: readonly LogRead[]
}

/**
 * Logs of clients among an ExportLogsServiceRequest: those that name `sync.client.id` and are of level info and above.
 * Others tell nothing of a client, or not enough to keep, and are passed over.
 */
export function logsOfExport(request: unknown): LogsRead {
  const logs: LogRead[] = []
  const { reject, told: rejected } = rejections()
  let seen = 0
  for (const ofResource of listOf(request, 'resourceLogs')) {
    const resource = attributesOf(memberOf(ofResource, 'resource'))
    for (const ofScope of listOf(ofResource, 'scopeLogs')) {
      for (const record of listOf(ofScope, 'logRecords')) {
        if (++seen > LOGS_MAX) {
          reject(`more than ${LOGS_MAX} log records in one export`)
          continue
        }
        const read = logOf(record, resource)
        if (typeof read === 'string') reject(read)
        else if (read !== null) logs.push(read)
      }
    }
  }
  return { logs, ...rejected() }
}

const CODE_LENGTH_MAX = 64
export const LOG_TEXT_MAX = 500
const SESSION_ID_MAX = 200

/** Null for one that is passed over; else what it is, or what is wrong with it. */
function logOf(record: unknown, resource: Attributes): LogRead | string | null {
  const attributes = attributesOf(record)
  const pick = picker(attributes, resource)
  const client = clientOf(pick)
  const level = levelOf(memberOf(record, 'severityNumber'))
  if (client === null || level === null) return null
  const atMs = unixMsOf(record, 'timeUnixNano') ?? unixMsOf(record, 'observedTimeUnixNano')
  if (atMs === null) return 'a log record has no time'
  const body = textOf(memberOf(record, 'body'), 'stringValue')
  const name = textOf(record, 'eventName') ?? pick('event.name')
  const text = [name, body].filter((part) => part !== undefined).join(': ')
  if (text === '') return 'a log record has neither a text nor an event name'
  const status = countOf(attributes, 'http.response.status_code')
  const code = pick('error.type', 'exception.type') ?? (status === null ? undefined : String(status))
  const sessionId = pick('sync.session.id') ?? null
  if (sessionId !== null && sessionId.length > SESSION_ID_MAX)
    return `sync.session.id has more than ${SESSION_ID_MAX} characters`
  return {
    client,
    sessionId,
    atMs,
    level,
    // What is cut may lose half of its last character.
    text: withoutHalfPairs(text.slice(0, LOG_TEXT_MAX)),
    code: code === undefined ? null : withoutHalfPairs(code.slice(0, CODE_LENGTH_MAX)),
  }
}

const INFO = 9
const WARN = 13
const ERROR = 17

/** Null below info. One that isn't told is info. */
function levelOf(severity: unknown): LogLevel | null {
  const number = typeof severity === 'string' ? severityNamed(severity) : Number(severity ?? 0)
  if (number >= ERROR) return 'error'
  if (number >= WARN) return 'warn'
  return number >= INFO || !(number > 0) ? 'info' : null
}

/** JSON may have the name of the number, as SEVERITY_NUMBER_WARN2. */
function severityNamed(name: string): number {
  const [, level] = /^SEVERITY_NUMBER_([A-Z]+)/.exec(name) ?? []
  const numbers: Readonly<Record<string, number>> = { TRACE: 1, DEBUG: 5, INFO, WARN, ERROR, FATAL: 21 }
  return level !== undefined && Object.hasOwn(numbers, level) ? (numbers[level] ?? 0) : 0
}
