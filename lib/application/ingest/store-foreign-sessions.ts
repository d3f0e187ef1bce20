import type { ForeignSession, IngestRefusal } from '#lib/protocol/ingest.ts'
import { FOREIGN_DEVICES_MAX } from '#lib/protocol/limits.ts'
import type { IngestKey, SeenDevice, SessionOutcome, SessionRow } from '#lib/storage/ports.ts'
import { sessionEvent } from '#lib/telemetry/session-event.ts'
import type { Context } from '../context.ts'
import { derivedId } from './derived-id.ts'

/** Older ones would fold into buckets that are gone. */
export const AGE_MAX_MS = 35 * 86_400_000

export type ForeignOutcome =
  | { readonly status: 'stored' | 'duplicate'; readonly id: string }
  | { readonly status: 'refused'; readonly code: IngestRefusal; readonly detail: string }

/**
 * Sessions of another engine, into the tables of our own: its clients are devices by first sight, marked with the
 * key's source. A session that is told again has no second effect, and is no other client's.
 * @returns one outcome a session, in order
 */
export async function storeForeignSessions(
  ctx: Context,
  key: IngestKey,
  sessions: readonly ForeignSession[],
): Promise<readonly ForeignOutcome[]> {
  const rows = sessions.map((session) => rowOf(ctx, key, session))
  const statuses = await seen(ctx, key, sessions, rows)
  const outcomes = rows.map((row): ForeignOutcome | null => {
    if (!('sessionId' in row)) return row
    const status = statuses.get(row.deviceId)
    if (status === undefined)
      return refused(
        'too_many_devices',
        `a fleet has at most ${FOREIGN_DEVICES_MAX} devices of other engines`,
      )
    return status === 'revoked' ? refused('device_revoked', 'an operator revoked this device') : null
  })
  const good = rows.filter((row, i): row is SessionRow => outcomes[i] === null && 'sessionId' in row)
  const stored = await store(ctx, key, good)
  let next = 0
  return rows.map((row, i): ForeignOutcome => {
    const known = outcomes[i]
    if (known) return known
    const status = stored[next++] ?? 'duplicate'
    if (status === 'other_device')
      return refused(status, 'another client of this source told a session of that id')
    return { status, id: (row as SessionRow).sessionId }
  })
}

async function store(
  ctx: Context,
  { fleetId }: IngestKey,
  rows: readonly SessionRow[],
): Promise<readonly SessionOutcome[]> {
  if (rows.length === 0) return []
  const events = rows.map((row) =>
    sessionEvent({ ...row, appVersion: ctx.requests.liveVersion(fleetId, row.appVersion) }),
  )
  const outcomes = await ctx.storage.sessions.store(fleetId, rows, events)
  for (const [i, event] of events.entries()) {
    if (outcomes[i] === 'stored') ctx.metrics.observeEvent(fleetId, event)
  }
  return outcomes
}

/** The devices of these sessions, each once, as its latest session tells it. */
async function seen(
  ctx: Context,
  { fleetId, source }: IngestKey,
  sessions: readonly ForeignSession[],
  rows: readonly (SessionRow | ForeignOutcome)[],
) {
  const devices = new Map<string, SeenDevice>()
  for (const [i, row] of rows.entries()) {
    const client = sessions[i]?.client
    if (!('sessionId' in row) || !client) continue
    if ((devices.get(row.deviceId)?.lastContactMs ?? -Infinity) > row.endedAtMs) continue
    const { id: _, ...info } = client
    const named = { ...info, name: row.deviceName, source }
    devices.set(row.deviceId, { ...named, id: row.deviceId, lastContactMs: row.endedAtMs })
  }
  if (devices.size === 0) return new Map<string, never>()
  return ctx.storage.ingest.seen(fleetId, [...devices.values()], ctx.clock.now(), FOREIGN_DEVICES_MAX)
}

const refused = (code: IngestRefusal, detail: string): ForeignOutcome => ({ status: 'refused', code, detail })

function rowOf(ctx: Context, key: IngestKey, session: ForeignSession): SessionRow | ForeignOutcome {
  const { client, startedAt, endedAt, sessionId, ...rest } = session
  const receivedAtMs = ctx.clock.now()
  const tookMs = Date.parse(endedAt) - Date.parse(startedAt)
  if (tookMs < 0) return refused('bad_request', 'endedAt is before startedAt')
  // A clock that is ahead must not put a session into the future: all of it is moved.
  const endedAtMs = Math.min(Date.parse(endedAt), receivedAtMs)
  if (endedAtMs < receivedAtMs - AGE_MAX_MS) return refused('too_old', 'it ended more than 35 days ago')
  return {
    ...rest,
    fleetId: key.fleetId,
    sessionId: derivedId(key.fleetId, key.source, 'session', sessionId),
    deviceId: derivedId(key.fleetId, key.source, 'client', client.id),
    deviceName: client.name ?? client.id.slice(0, 120),
    platform: client.platform,
    appVersion: client.appVersion,
    startedAtMs: endedAtMs - tookMs,
    endedAtMs,
    offsetMs: endedAtMs - Date.parse(endedAt),
    receivedAtMs,
    transitions: [],
    illegalTransitions: 0,
    inferred: false,
    source: key.source,
  }
}
