import { randomUUID } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { getLabRun } from '#lib/application/lab/list-lab-runs.ts'
import { startLabRun } from '#lib/application/lab/start-lab-run.ts'
import { LAB_PAGE } from '#lib/protocol/limits.ts'
import type { Cursor } from '#lib/storage/ports.ts'
import { Database } from '#lib/storage/prisma/database.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { testApp } from '#tests/support/device-world.ts'
import { markdownTable, whole } from '../markdown.ts'
import type { BenchDatabase } from '../postgres.ts'
import { setUpFleet } from '../set-up-fleet.ts'

const STRIKE_REPORTS = 'strike-reports'
const CONFLICTS = 100_000
const ASK_EVERY_MS = 100

/** A run of the lab over 100,000 recorded conflicts, beside reading them by the same pages and doing nothing with them. */
export async function benchLab({ env }: BenchDatabase): Promise<string> {
  const options = { url: env.DATABASE_URL, poolSize: 4 }
  const storage = await openPostgresStorage({ ...options, secret: Buffer.from(env.TIDEMARK_SECRET) })
  const database = new Database(options)
  try {
    const { ctx } = testApp(storage)
    const { fleetId } = await setUpFleet(ctx, 'lab')
    await writeConflicts(database, fleetId)
    const [collection] = (await storage.collections.list(fleetId)).filter(
      ({ name }) => name === STRIKE_REPORTS,
    )
    const range = { collection: STRIKE_REPORTS, fromMs: 0, toMs: Date.now() + CONFLICTS }
    const bare = await timed(async () => {
      let cursor: Cursor | null = null
      do cursor = (await storage.lab.conflicts(fleetId, range, { limit: LAB_PAGE, cursor })).next
      while (cursor !== null)
    })
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const run = await timed(async () => {
      const body = { collection: collection?.id, from: 0, to: range.toMs }
      const { id } = await startLabRun(ctx, { actor: SYSTEM, fleetId, body })
      for (;;) {
        await wait(ASK_EVERY_MS)
        const found = await getLabRun(ctx, { actor: SYSTEM, fleetId, id })
        if (found.state === 'running') continue
        if (found.report?.replayed !== CONFLICTS)
          throw new Error(`a run of ${String(found.report?.replayed)}`)
        return
      }
    })
    delay.disable()
    return markdownTable(
      `A run of the strategy lab over ${whole(CONFLICTS)} conflicts`,
      ['what', 's', '÷ reading alone', 'event loop delay p99, max ms'],
      [
        ['reading the same pages', (bare / 1_000).toFixed(1), '1.00', ''],
        [
          'the run',
          (run / 1_000).toFixed(1),
          (run / bare).toFixed(2),
          `${(delay.percentile(99) / 1e6).toFixed(0)}, ${(delay.max / 1e6).toFixed(0)}`,
        ],
      ],
    )
  } finally {
    await storage.close()
    await database.close()
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

/** Two devices that changed one report: half of them in the same field, with clocks that disagree by seconds. */
async function writeConflicts(database: Database, fleetId: string): Promise<void> {
  const [one, two] = [randomUUID(), randomUUID()]
  const changes = `INSERT INTO change_log (fleet_id, mutation_id, collection, version, device_id, request_id, status, mutation, app_version, made_at,
      received_at, committed_at)
    SELECT $1, md5($4::text || i)::uuid, $5, CASE WHEN $4 = 'theirs' THEN i END, $2::uuid, $1, $4,
      json_build_object('hlc', lpad(to_hex(1000000000000 + i * 10 + i % $3::int), 12, '0') || '-0000-' || $2::uuid, 'op', json_build_object('type', 'put'))::text,
      '1.0.0', to_timestamp(1000000000 + i / 100.0), now(), now()
    FROM generate_series(1, ${CONFLICTS}) i`
  const report = `'airportName', 'KJFK', 'species', 'gull', 'remarks', repeat('seen by the crew at the threshold ', 4), 'phase', 'approach'`
  const conflicts = `INSERT INTO conflict (fleet_id, id, mutation_id, collection, record_id, device_id, strategy, outcome, fields, base, base_known, local,
      remote, result, status, schema_version, remote_version, created_at)
    SELECT $1, gen_random_uuid(), md5('mine' || i)::uuid, $3, md5('record' || i)::uuid, $2, 'lww', 'remote', '[]', b, true,
      (b::jsonb || jsonb_build_object('species', 'hawk', 'phase', 'climb'))::json,
      (b::jsonb || jsonb_build_object(CASE WHEN i % 2 = 0 THEN 'species' ELSE 'remarks' END, 'crow'))::json, b, 'resolved', 1, i,
      now() + i * interval '1 ms'
    FROM generate_series(1, ${CONFLICTS}) i, LATERAL (SELECT json_build_object(${report}, 'count', i) AS b) d`
  await database.inFleet(fleetId, async (send) => {
    await send({ name: 'bench_lab_mine', text: changes }, [fleetId, one, 30, 'mine', STRIKE_REPORTS])
    await send({ name: 'bench_lab_theirs', text: changes }, [fleetId, two, 50, 'theirs', STRIKE_REPORTS])
    await send({ name: 'bench_lab_conflicts', text: conflicts }, [fleetId, one, STRIKE_REPORTS])
  })
}
