import { isPoisoned, type LetterKey } from '#lib/query/letter-fields.ts'
import type { RowReader } from '#lib/query/matches-filter.ts'
import type { ItemState } from '#lib/engine/operation-machine.ts'
import type { DeadLetterRow } from './rows.ts'

/** An operation that a letter or a conflict is or was a member of. */
export interface OperationMembership {
  readonly operationId: string
  readonly state: ItemState
}
/** A letter with its memberships, where a filter may ask for them. */
type FilteredLetter = DeadLetterRow & {
  readonly operations?: readonly OperationMembership[]
  /** What was said may repeat values of masked fields. */
  readonly isSaidHidden?: boolean
}

const asList = <T>(value: T | null): readonly T[] => (value === null ? [] : [value])
const isRule = ({ code }: DeadLetterRow): boolean => code === 'rule_violation'

/** Operations that it is a member of, of those whose fate of it is this one. Pure. */
export const memberOf = (
  { operations = [] }: { readonly operations?: readonly OperationMembership[] },
  state: ItemState | null,
): readonly string[] =>
  operations.filter((one) => state === null || one.state === state).map(({ operationId }) => operationId)

/** What a letter is under each key of its filter. */
export const LETTER_READER: RowReader<FilteredLetter, LetterKey> = {
  values: {
    status: ({ status }) => [status],
    code: ({ code }) => [code],
    collection: ({ mutation }) => [mutation.collection],
    version: ({ appVersion }) => [appVersion],
    device: ({ deviceName, deviceId }) => [deviceName, deviceId],
    id: ({ id }) => [id],
    group: ({ groupId }) => [groupId],
    session: ({ sessionId }) => asList(sessionId),
    operation: (row) => memberOf(row, null),
    failed: (row) => memberOf(row, 'errored'),
    skipped: (row) => memberOf(row, 'skipped'),
    rule: (row) => (isRule(row) ? asList(row.place) : []),
    path: (row) => (isRule(row) ? [] : asList(row.place)),
    replayed: ({ attempts }) => attempts,
    poison: (row) => [isPoisoned(row) ? 'yes' : 'no'],
    made: ({ madeAtMs }) => madeAtMs,
    seen: ({ createdAtMs }) => createdAtMs,
  },
  words: ({ deviceName, place, said, isSaidHidden }) => [
    deviceName,
    place ?? '',
    isSaidHidden === true ? '' : said,
  ],
}
