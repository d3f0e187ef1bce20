import { assert } from '#lib/kernel/result.ts'
import { assertDense } from '../change-rows.ts'
import type { PushWrites } from '../ports.ts'
import { numbers, jsons, texts, uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Send, Statement } from './database.ts'
import { insertEvents } from './insert-events.ts'
import { writeChanges } from './push-changes.ts'
import { at } from './values.ts'

const HEADS: Statement = {
  name: 'push_write_heads',
  text: `UPDATE stream_head h SET version = k.version FROM unnest($2::text[], $3::bigint[]) k(collection, version)
    WHERE h.fleet_id = $1 AND h.collection = k.collection`,
}
const RESPONSES: Statement = {
  name: 'push_write_responses',
  text: `INSERT INTO stored_response (fleet_id, device_id, request_id, request_hash, body, created_at)
    SELECT $1, d, r, h, b, to_timestamp(c / 1000) FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::float8[]) k(d, r, h, b, c)`,
}
const REPORTS: Statement = {
  name: 'push_write_reports',
  text: `UPDATE device d SET app_version = k.app_version, platform = k.platform, report = k.report, report_state = k.state,
      report_seq = k.seq, report_nonce = k.nonce, last_contact_at = greatest(d.last_contact_at, to_timestamp(k.at / 1000))
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::json[], $6::text[], $7::bigint[], $8::text[], $9::float8[])
      k(id, app_version, platform, report, state, seq, nonce, at)
    WHERE d.fleet_id = $1 AND d.id = k.id`,
}
/** A session that has reported already is not opened again. */
const SESSIONS: Statement = {
  name: 'push_write_sessions',
  text: `INSERT INTO open_session (fleet_id, session_id, device_id, first_push_at, last_push_at)
    SELECT $1, s, d, $4, $4 FROM unnest($2::uuid[], $3::uuid[]) k(s, d)
    WHERE NOT EXISTS (SELECT FROM session_index i WHERE i.fleet_id = $1 AND i.session_id = k.s)
    ON CONFLICT (fleet_id, session_id) DO UPDATE SET last_push_at = excluded.last_push_at`,
}

/** Writes what a group of pushes did: statements over sets, sent together (decision 12). */
export async function writePush(
  send: Send,
  fleetId: string,
  heads: ReadonlyMap<string, number>,
  writes: PushWrites,
): Promise<void> {
  for (const collection of writes.heads.keys()) assert(heads.has(collection), `stream ${collection} is locked`)
  assertDense(heads, writes)
  const { responses, committedAtMs } = writes
  const reports = [...new Map(writes.reports.map((row) => [row.deviceId, row])).values()]
  const sessions = [...new Map(writes.sessions.map((row) => [row.sessionId, row])).values()]
  const sent = [...writeChanges(send, fleetId, writes)]
  const some = (rows: readonly unknown[] | ReadonlyMap<string, unknown>, statement: Statement, values: () => unknown[]) => {
    if ('size' in rows ? rows.size > 0 : rows.length > 0) sent.push(send(statement, [fleetId, ...values()]))
  }
  some(writes.heads, HEADS, () => [texts([...writes.heads.keys()]), numbers([...writes.heads.values()])])
  some(responses, RESPONSES, () => [
    uuids(responses.map((row) => row.deviceId)),
    uuids(responses.map((row) => row.requestId)),
    responses.map((row) => row.requestHash),
    responses.map((row) => row.body),
    numbers(responses.map((row) => row.createdAtMs)),
  ])
  some(reports, REPORTS, () => [
    uuids(reports.map((row) => row.deviceId)),
    texts(reports.map((row) => row.appVersion)),
    texts(reports.map((row) => row.platform)),
    jsons(reports.map((row) => row.report)),
    texts(reports.map((row) => row.report.state)),
    numbers(reports.map((row) => row.report.seq)),
    texts(reports.map((row) => row.report.nonce)),
    numbers(reports.map((row) => row.report.atMs)),
  ])
  some(sessions, SESSIONS, () => [
    uuids(sessions.map((row) => row.sessionId)),
    uuids(sessions.map((row) => row.deviceId)),
    at(committedAtMs),
  ])
  sent.push(insertEvents(send, fleetId, writes.events))
  for (const entry of writes.audit) sent.push(insertAudit(send, entry))
  await Promise.all(sent)
}
