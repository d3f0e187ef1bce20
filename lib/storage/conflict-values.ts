import { conflictPlaces, type ConflictKey } from '#lib/query/conflict-fields.ts'
import { NOBODY, UNKNOWN_VERSION } from '#lib/query/conflict-words.ts'
import type { RowReader } from '#lib/query/matches-filter.ts'
import type { ConflictRow } from './conflict-port.ts'
import { memberOf, type OperationMembership } from './letter-values.ts'

/** A conflict with its memberships, where a filter may ask for them. */
type FilteredConflict = ConflictRow & { readonly operations?: readonly OperationMembership[] }

/** What a conflict is under each key of its filter. */
export const CONFLICT_READER: RowReader<FilteredConflict, ConflictKey> = {
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
    operation: (row) => memberOf(row, null),
    failed: (row) => memberOf(row, 'errored'),
    skipped: (row) => memberOf(row, 'skipped'),
    arose: ({ createdAtMs }) => createdAtMs,
  },
  words: ({ deviceName }) => [deviceName],
}
