import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import { floats, jsons, texts } from './arrays.ts'
import type { Send, Statement } from './database.ts'
import { storableText } from './storable-text.ts'

const INSERT: Statement = {
  name: 'event_insert',
  text: `INSERT INTO telemetry_event (fleet_id, at, id, xid, appended_at, payload)
    SELECT $1, to_timestamp(at / 1000), id, pg_current_xact_id()::text::bigint, now(), payload
    FROM unnest($2::float8[], $3::text[], $4::json[]) k(at, id, payload) ON CONFLICT DO NOTHING`,
}
const CLAIM: Statement = {
  name: 'event_claim',
  text: `INSERT INTO event_index (fleet_id, id, at)
    SELECT $1, id, to_timestamp(at / 1000) FROM unnest($2::float8[], $3::text[]) k(at, id)
    ORDER BY id ON CONFLICT DO NOTHING RETURNING id`,
}

/**
 * Events of a transaction that has its own idempotency (a push, a session): their ids cannot come twice. What can't be
 * written throws before anything is sent.
 */
export function insertEvents(
  send: Send,
  fleetId: string,
  events: readonly TelemetryEvent[],
): Promise<unknown> {
  if (events.length === 0) return Promise.resolve()
  return send(INSERT, [
    fleetId,
    floats(events.map((event) => event.atMs)),
    texts(events.map((event) => event.id)),
    jsons(events.map((event) => event.payload)),
  ])
}

/** Events that may be sent again: an id that was claimed before is passed over, whatever its time. */
export async function insertEventsOnce(
  send: Send,
  fleetId: string,
  events: readonly TelemetryEvent[],
): Promise<void> {
  if (events.length === 0) return
  const times = floats(events.map((event) => event.atMs))
  const claimed = await send<{ id: string }>(CLAIM, [fleetId, times, texts(events.map((event) => event.id))])
  const fresh = new Set(claimed.map((row) => row.id))
  const byId = new Map(events.map((event) => [storableText(event.id), event]))
  await insertEvents(
    send,
    fleetId,
    [...byId].filter(([id]) => fresh.has(id)).map(([, event]) => event),
  )
}
