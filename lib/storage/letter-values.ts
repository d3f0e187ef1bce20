import { isPoisoned, type LetterKey } from '#lib/query/letter-fields.ts'
import type { RowReader } from '#lib/query/matches-filter.ts'
import type { ItemState } from '#lib/engine/operation-machine.ts'
import type { DeadLetterRow } from './rows.ts'

/** An operation that a letter is or was a member of. */
export interface LetterMembership {
  readonly operationId: string
  readonly state: ItemState
}
/** A letter with its memberships, where a filter may ask for them. */
type FilteredLetter = DeadLetterRow & {
  readonly operations?: readonly LetterMembership[]
  /** What was said may repeat values of masked fields. */
  readonly isSaidHidden?: boolean
}

const asList = <T>(value: T | null): readonly T[] => (value === null ? [] : [value])
const isRule = ({ code }: DeadLetterRow): boolean => code === 'rule_violation'

const memberOf = ({ operations = [] }: FilteredLetter, state: ItemState | null): readonly string[] =>
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
