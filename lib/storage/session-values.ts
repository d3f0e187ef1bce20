import { OWN_SOURCE } from '#lib/protocol/ingest.ts'
import type { RowReader } from '#lib/query/matches-filter.ts'
import type { SessionKey, SessionMark } from '#lib/query/session-fields.ts'
import { sessionCodes } from '#lib/telemetry/session-codes.ts'
import type { ListedSession, SessionRow } from './ports.ts'

const marks = (row: SessionRow): readonly SessionMark[] => [
  ...((row.conflicts ?? 0) > 0 ? (['conflict'] as const) : []),
  ...((row.deadLettered ?? 0) > 0 ? (['dead'] as const) : []),
  ...(row.illegalTransitions > 0 ? (['defect'] as const) : []),
  ...(row.inferred ? [] : (['report'] as const)),
]

/** What a session is under each key of its filter. */
export const SESSION_READER: RowReader<ListedSession, SessionKey> = {
  values: {
    device: ({ deviceName, deviceId }) => [deviceName, deviceId],
    collection: ({ collections }) => collections,
    version: ({ appVersion }) => [appVersion],
    platform: ({ platform }) => [platform],
    source: ({ source }) => [source ?? OWN_SOURCE],
    result: ({ result }) => [result],
    mode: ({ mode }) => (mode === null ? [] : [mode]),
    code: sessionCodes,
    has: marks,
    took: ({ inferred, startedAtMs, endedAtMs }) => (inferred ? null : endedAtMs - startedAtMs),
    lag: ({ lagMs }) => lagMs,
    queue: ({ queueDepthAfter }) => queueDepthAfter,
    pushed: ({ pushed }) => pushed,
    pulled: ({ pulled }) => pulled,
  },
  words: ({ deviceName }) => [deviceName],
}
