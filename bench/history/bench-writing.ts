import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { fold, keysOf } from '#lib/rollups/fold.ts'
import { FOLD_BATCH } from '#lib/application/telemetry/fold-events.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { sessionEvent } from '#lib/telemetry/session-event.ts'
import { makeDevice, makeFleet, sessionOf } from '#tests/contract/storage/world.ts'
import { markdownTable, whole } from '../markdown.ts'
import type { BenchDatabase } from '../postgres.ts'
import { inTurns } from '../rounds.ts'

/** Sessions of a round, in reports of so many. */
const SESSIONS = 20_000
const REPORT = 100
const PLATFORMS = ['ios', 'android', 'windows'] as const
const STEPS = [
  'idle start scanning',
  'scanning scanned pushing',
  'pushing pushed pulling',
  'pulling pulled resolving',
  'resolving resolved committing',
  'committing committed idle',
]

/** Sessions as they are stored, beside a bare insert of the same rows, and folded. */
export async function benchWriting(database: BenchDatabase): Promise<string> {
  const url = database.env.DATABASE_URL
  const storage = await openPostgresStorage({ url })
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  try {
    await storage.maintenance.ensurePartitions(Date.now(), 1)
    await pool.query(
      'CREATE TABLE bare_session (LIKE sync_session, PRIMARY KEY (fleet_id, received_at, session_id))',
    )
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const figures = await inTurns(
      {
        ours: async () => rate(() => store(storage, fleetId, deviceId)),
        bare: async () => rate(() => insertBare(pool, fleetId, deviceId)),
        folded: async () => rate(() => foldAll(storage, fleetId)),
      },
      { warmUp: 2, measured: 7 },
    )
    const row = (name: string, { perSecond, cpuUs }: Rate): string[] => [
      name,
      whole(perSecond),
      cpuUs.toFixed(0),
      (perSecond / figures.bare.perSecond).toFixed(2),
    ]
    return markdownTable(
      `Sessions written, ${REPORT} a transaction, one after the other, and folded, ${FOLD_BATCH} a transaction`,
      ['what', 'sessions/s', 'Node CPU µs a session', 'this ÷ bare insert'],
      [
        row('a bare `unnest` insert of the same rows, with their key alone', figures.bare),
        row('stored: claimed once, with its lag and collections, indexed, with its event', figures.ours),
        row('folded into minutes and hours (mark: 50,000)', figures.folded),
      ],
    )
  } finally {
    await pool.end()
    await storage.close()
  }
}

interface Rate {
  readonly perSecond: number
  readonly cpuUs: number
}
async function rate(work: () => Promise<number>): Promise<Rate> {
  const [startMs, before] = [performance.now(), process.cpuUsage()]
  const count = await work()
  const { user, system } = process.cpuUsage(before)
  return { perSecond: (count * 1_000) / (performance.now() - startMs), cpuUs: (user + system) / count }
}

/** A session as a device reports it: six steps, two attempts. */
function session(fleetId: string, deviceId: string, n: number) {
  const endedAtMs = Date.now() - (n % 600) * 1_000
  const at = new Date(endedAtMs).toISOString()
  const transitions = STEPS.map((step) => {
    const [from = '', event = '', to = ''] = step.split(' ')
    return { from, event, to, at }
  })
  const attempt = { startedAt: at, durationMs: 80, status: 200 }
  return sessionOf(fleetId, deviceId, {
    platform: PLATFORMS[n % 3] ?? 'ios',
    appVersion: `2.4.${n % 4}`,
    startedAtMs: endedAtMs - 900,
    endedAtMs,
    receivedAtMs: Date.now(),
    transitions: transitions as never,
    attempts: [
      { kind: 'push', ...attempt },
      { kind: 'pull', ...attempt },
    ],
  })
}
const report = (fleetId: string, deviceId: string) =>
  Array.from({ length: REPORT }, (_, n) => session(fleetId, deviceId, n))

async function store(storage: Storage, fleetId: string, deviceId: string): Promise<number> {
  for (let done = 0; done < SESSIONS; done += REPORT) {
    const rows = report(fleetId, deviceId)
    const outcomes = await storage.sessions.store(fleetId, rows, rows.map(sessionEvent))
    if (outcomes.some((outcome) => outcome !== 'stored')) throw new Error('a new session was not stored')
  }
  return SESSIONS
}

const BARE = `INSERT INTO bare_session (fleet_id, session_id, device_id, device_name, platform, app_version, mode, result, started_at,
    ended_at, received_at, offset_ms, pushed, pulled, conflicts, dead_lettered, queue_depth_before, queue_depth_after,
    illegal_transitions, inferred, transitions, attempts, extras, codes, collections)
  SELECT $1, s, $2, n, p, a, 'delta', 'ok', to_timestamp(t1 / 1000), to_timestamp(t2 / 1000), to_timestamp(t3 / 1000), -40, 3, 2, 0, 0, 3, 0, 0,
    false, j1, j2, '{}', '{}', '{}'
  FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::float8[], $9::float8[], $10::json[], $11::json[])
    k(s, n, p, a, t1, t2, t3, j1, j2)`

async function insertBare(pool: pg.Pool, fleetId: string, deviceId: string): Promise<number> {
  for (let done = 0; done < SESSIONS; done += REPORT) {
    const rows = report(fleetId, deviceId)
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      await client.query({
        name: 'bare',
        text: BARE,
        values: [
          fleetId,
          deviceId,
          rows.map(() => randomUUID()),
          rows.map((row) => row.deviceName),
          rows.map((row) => row.platform),
          rows.map((row) => row.appVersion),
          rows.map((row) => row.startedAtMs),
          rows.map((row) => row.endedAtMs),
          rows.map((row) => row.receivedAtMs),
          rows.map((row) => JSON.stringify(row.transitions)),
          rows.map((row) => JSON.stringify(row.attempts)),
        ],
      })
      await client.query('COMMIT')
    } finally {
      client.release()
    }
  }
  return SESSIONS
}

/** What the round before stored; each session is one event. */
async function foldAll(storage: Storage, fleetId: string): Promise<number> {
  let folded = 0
  for (let more = true; more;) {
    const step = await storage.telemetry.foldNext(fleetId, FOLD_BATCH, keysOf, fold)
    folded += step.folded
    more = step.more
  }
  if (folded !== SESSIONS) throw new Error(`${SESSIONS} sessions were stored, ${folded} folded`)
  return folded
}
