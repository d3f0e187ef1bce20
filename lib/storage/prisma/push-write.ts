import { assert } from '#lib/kernel/result.ts'
import { assertDense, FAILED_TRIES_PER_DEVICE_MAX } from '../change-rows.ts'
import type { PushWrites } from '../ports.ts'
import { floats, ints, plainTexts, uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Send, Statement } from './database.ts'
import { together } from './database.ts'
import { insertEvents } from './insert-events.ts'
import { writeOtOps } from './ot-log.ts'
import { writeChanges } from './push-changes.ts'
import { storableText } from './storable-text.ts'
import { at } from './values.ts'
import { writeReports } from './write-reports.ts'

const HEAD: Statement = {
  name: 'push_write_head',
  text: 'UPDATE stream_head SET version = $3 WHERE fleet_id = $1 AND collection = $2',
}
const RESPONSES: Statement = {
  name: 'push_write_responses',
  text: `INSERT INTO stored_response (fleet_id, device_id, request_id, request_hash, body, created_at)
    SELECT $1, d, r, h, b, to_timestamp(c / 1000) FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::float8[]) k(d, r, h, b, c)`,
}
/** A session that has reported already is not opened again, and one that another device has opened stays that one's. */
const SESSIONS: Statement = {
  name: 'push_write_sessions',
  text: `INSERT INTO open_session (fleet_id, session_id, device_id, first_push_at, last_push_at)
    SELECT $1, s, d, $4, $4 FROM unnest($2::uuid[], $3::uuid[]) k(s, d)
    WHERE NOT EXISTS (SELECT FROM session_index i WHERE i.fleet_id = $1 AND i.session_id = k.s)
    ON CONFLICT (fleet_id, session_id) DO UPDATE SET last_push_at = excluded.last_push_at
      WHERE open_session.device_id = excluded.device_id`,
}
const TRIES: Statement = {
  name: 'push_write_tries',
  text: `INSERT INTO failed_try (fleet_id, mutation_id, device_id, tries, last_at)
    SELECT $1, k.id, k.device_id, k.tries, $5 FROM unnest($2::uuid[], $3::uuid[], $4::int[], $6::float8[]) k(id, device_id, tries, spaced)
      WHERE k.spaced = 0 OR NOT EXISTS (SELECT FROM failed_try t WHERE t.fleet_id = $1 AND t.mutation_id = k.id
        AND t.last_at > $5::timestamptz - k.spaced * interval '1 millisecond')
    ON CONFLICT (fleet_id, mutation_id) DO UPDATE SET tries = excluded.tries, last_at = excluded.last_at`,
}
const FORGET_TRIES: Statement = {
  name: 'push_forget_tries',
  text: `DELETE FROM failed_try WHERE fleet_id = $1 AND mutation_id IN (SELECT x.mutation_id
    FROM unnest($2::uuid[]) k(device_id) CROSS JOIN LATERAL (SELECT mutation_id FROM failed_try t
      WHERE t.fleet_id = $1 AND t.device_id = k.device_id ORDER BY last_at DESC, mutation_id DESC OFFSET $3) x)`,
}
const END_TRIES: Statement = {
  name: 'push_end_tries',
  text: 'DELETE FROM failed_try WHERE fleet_id = $1 AND mutation_id = ANY ($2::uuid[])',
}
const LETTER_DAY: Statement = {
  name: 'push_letter_day',
  text: 'UPDATE device SET letters_day = $3, letters_count = $4 WHERE fleet_id = $1 AND id = $2',
}

/**
 * Writes what a group of pushes did, sent together (decision 0077): statements over sets for what comes by the
 * mutation, one each for the few heads and devices. It throws before anything is sent where something can't be written:
 * whoever commits behind it, in the same round trip, must know by then that all was sent.
 */
export function writePush(
  to: Send,
  fleetId: string,
  heads: ReadonlyMap<string, number>,
  writes: PushWrites,
): Promise<unknown> {
  const { send, go } = together(to)
  for (const collection of writes.heads.keys())
    assert(heads.has(collection), `stream ${collection} is locked`)
  assertDense(heads, writes)
  const { responses, committedAtMs } = writes
  const sessions = [...new Map(writes.sessions.toReversed().map((row) => [row.sessionId, row])).values()]
  const sent = [...writeChanges(send, fleetId, writes), ...writeOtOps(send, fleetId, writes)]
  const some = (rows: readonly unknown[], statement: Statement, values: () => unknown[]) => {
    if (rows.length > 0) sent.push(send(statement, [fleetId, ...values()]))
  }
  for (const [collection, head] of writes.heads)
    sent.push(send(HEAD, [fleetId, storableText(collection), head]))
  sent.push(...writeReports(send, fleetId, writes.reports))
  some(responses, RESPONSES, () => [
    uuids(responses.map((row) => row.deviceId)),
    uuids(responses.map((row) => row.requestId)),
    plainTexts(responses.map((row) => row.requestHash)),
    plainTexts(responses.map((row) => row.body)),
    floats(responses.map((row) => row.createdAtMs)),
  ])
  some(sessions, SESSIONS, () => [
    uuids(sessions.map((row) => row.sessionId)),
    uuids(sessions.map((row) => row.deviceId)),
    at(committedAtMs),
  ])
  const { failedTries, endedTries, letterDays } = writes
  some(endedTries, END_TRIES, () => [uuids(endedTries)])
  some(failedTries, TRIES, () => [
    uuids(failedTries.map((row) => row.mutationId)),
    uuids(failedTries.map((row) => row.deviceId)),
    ints(failedTries.map((row) => row.tries)),
    at(committedAtMs),
    floats(failedTries.map((row) => row.spacedMs ?? 0)),
  ])
  some(failedTries, FORGET_TRIES, () => [
    uuids([...new Set(failedTries.map((row) => row.deviceId))]),
    FAILED_TRIES_PER_DEVICE_MAX,
  ])
  for (const { deviceId, day, count } of letterDays)
    sent.push(send(LETTER_DAY, [fleetId, deviceId, day, count]))
  sent.push(insertEvents(send, fleetId, writes.events))
  for (const entry of writes.audit) sent.push(insertAudit(send, entry))
  go()
  return Promise.all(sent)
}

/** Somebody may discard a letter until it is closed: with such writes, a group may still have to be undone. */
export const closesLetters = ({ changes }: PushWrites): boolean =>
  changes.some(({ replayOf }) => replayOf !== null)
