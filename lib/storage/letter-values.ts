import { isPoisoned, type LetterKey } from '#lib/query/letter-fields.ts'
import type { RowReader } from '#lib/query/matches-filter.ts'
import type { DeadLetterRow } from './rows.ts'

const asList = <T>(value: T | null): readonly T[] => (value === null ? [] : [value])
const isRule = ({ code }: DeadLetterRow): boolean => code === 'rule_violation'

/** What a letter is under each key of its filter. */
export const LETTER_READER: RowReader<DeadLetterRow, LetterKey> = {
  values: {
    status: ({ status }) => [status],
    code: ({ code }) => [code],
    collection: ({ mutation }) => [mutation.collection],
    version: ({ appVersion }) => [appVersion],
    device: ({ deviceName, deviceId }) => [deviceName, deviceId],
    group: ({ groupId }) => [groupId],
    session: ({ sessionId }) => asList(sessionId),
    rule: (row) => (isRule(row) ? asList(row.place) : []),
    path: (row) => (isRule(row) ? [] : asList(row.place)),
    replayed: ({ attempts }) => attempts,
    poison: (row) => [isPoisoned(row) ? 'yes' : 'no'],
    made: ({ madeAtMs }) => madeAtMs,
    seen: ({ createdAtMs }) => createdAtMs,
  },
  words: ({ deviceName, place, said }) => [deviceName, place ?? '', said],
}
