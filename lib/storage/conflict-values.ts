import { conflictPlaces, type ConflictKey } from '#lib/query/conflict-fields.ts'
import { NOBODY, UNKNOWN_VERSION } from '#lib/query/conflict-words.ts'
import type { RowReader } from '#lib/query/matches-filter.ts'
import type { ConflictRow } from './conflict-port.ts'

/** What a conflict is under each key of its filter. */
export const CONFLICT_READER: RowReader<ConflictRow, ConflictKey> = {
  values: {
    status: ({ status }) => [status],
    collection: ({ collection }) => [collection],
    field: ({ fields }) => conflictPlaces(fields),
    version: ({ appVersion }) => [appVersion || UNKNOWN_VERSION],
    against: ({ remoteAppVersion }) => [remoteAppVersion ?? UNKNOWN_VERSION],
    strategy: ({ strategy }) => [strategy],
    outcome: ({ outcome }) => [outcome],
    kept: ({ closure }) => (closure === null ? [] : [closure.kept]),
    assigned: ({ desk }) => [desk.assigned ?? NOBODY],
    device: ({ deviceName, deviceId }) => [deviceName, deviceId],
    record: ({ recordId }) => [recordId],
    session: ({ sessionId }) => (sessionId === null ? [] : [sessionId]),
    id: ({ id }) => [id],
    arose: ({ createdAtMs }) => createdAtMs,
  },
  words: ({ deviceName }) => [deviceName],
}
