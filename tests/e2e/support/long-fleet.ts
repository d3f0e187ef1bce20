import type { Page } from '@playwright/test'
import { Client } from 'pg'
import { writeManySessions } from '#tests/support/many-sessions.ts'
import { postAdmin } from './test.ts'
import type { World } from './world.ts'

const HOUR_MS = 3_600_000
/** So long ago that none of them is the newest of the test's own. */
const AGO_MS = 60_000

/** A fleet of the test's own with so many sessions of the last hour, written past the server. */
export async function makeLongFleet(page: Page, world: World, sessions: number): Promise<string> {
  const name = `Long ${sessions} ${Date.now()}`
  const { id } = await postAdmin<{ id: string }>(page, world, '/fleets', { name })
  await withDatabase(world, (client) =>
    writeManySessions(client, {
      fleetId: id,
      sessions,
      devices: 300,
      endMs: Date.now() - AGO_MS,
      days: HOUR_MS / 86_400_000,
    }),
  )
  return id
}

/** Sessions that ended just now, of a fleet made by `makeLongFleet`: copies of its newest ones. */
export const addNewerSessions = (world: World, fleetId: string, count: number): Promise<unknown> =>
  withDatabase(world, (client) =>
    client.query(
      `INSERT INTO sync_session SELECT (jsonb_populate_record(NULL::sync_session, to_jsonb(s) || jsonb_build_object(
        'session_id', gen_random_uuid(), 'ended_at', now(), 'received_at', now()))).*
      FROM (SELECT * FROM sync_session WHERE fleet_id = $1 ORDER BY ended_at DESC LIMIT $2) s`,
      [fleetId, count],
    ),
  )

/** Their ids, newest first. */
export const sessionIdsOf = (world: World, fleetId: string): Promise<readonly string[]> =>
  withDatabase(world, async (client) => {
    const { rows } = await client.query<{ session_id: string }>(
      'SELECT session_id FROM sync_session WHERE fleet_id = $1 ORDER BY ended_at DESC, session_id DESC',
      [fleetId],
    )
    return rows.map((row) => row.session_id)
  })

/** Devices that were heard at different times of the last hour. */
export const addDevices = (world: World, fleetId: string, count: number): Promise<unknown> =>
  withDatabase(world, (client) =>
    client.query(
      `INSERT INTO device (fleet_id, id, name, platform, app_version, status, access, enrolled_at, last_contact_at)
      SELECT $1, gen_random_uuid(), 'DFW-' || lpad(n::text, 5, '0'), 'android', '2.4.1', 'active', '{}', now(),
        now() - n * interval '1 second' FROM generate_series(1, $2::int) n`,
      [fleetId, count],
    ),
  )

async function withDatabase<T>(world: World, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: world.database.url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
