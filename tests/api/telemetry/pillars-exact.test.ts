import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conflicts } from '#lib/application/pillars/conflicts.ts'
import { failedSessions, failures } from '#lib/application/pillars/failures.ts'
import { lag } from '#lib/application/pillars/lag.ts'
import { queue } from '#lib/application/pillars/queue.ts'
import { foldFleet } from '#lib/application/telemetry/fold-events.ts'
import { snapshotGauges } from '#lib/application/telemetry/snapshot-gauges.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Random } from '#lib/kernel/random.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import { sumAll } from '#lib/rollups/aggregate.ts'
import { byPart } from '#lib/rollups/counters.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { silenceLimitMs } from '#lib/telemetry/connectivity.ts'
import type { Quantiles } from '#lib/telemetry/pillars.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import type { RawPillars, RawQuantiles } from '#tests/support/raw-pillars.ts'
import { rawPillars } from '#tests/support/raw-pillars.ts'
import { strikeReportSource } from '../../../bench/push/push-bodies.ts'
import { setUpFleet } from '../../../bench/set-up-fleet.ts'
import { pick, waitOf } from '../../../scripts/fleet/chance.ts'
import type { DrivenWorld } from './driven-fleet.ts'
import { DrivenDevice, drivenWorld } from './driven-fleet.ts'
import { rawDelivery } from './raw-delivery.ts'

const MINUTE = 60_000
const START_MS = Date.UTC(2026, 2, 2, 9)
/** Closed: traffic goes on before it and after it. */
const FROM_MS = START_MS + MINUTE
const TO_MS = START_MS + 9 * MINUTE
const END_MS = START_MS + 10 * MINUTE
const SEED = 20_260_302
const DEVICES = 10
const STEP_MS = 1_500
const HOT_RECORDS = 4

describe(`the pillars of a closed interval, seed ${SEED}`, () => {
  const report = strikeReportSource()
  const random = seededRandom(SEED)
  const devices: DrivenDevice[] = []
  let database: TestDatabase
  let storage: Storage
  let client: pg.Client
  let world: DrivenWorld
  let fleetId: string
  /** As the devices stood at the last snapshot of the interval. */
  let waiting: { readonly raw: RawPillars['queue']; readonly atMs: number }
  let raw: RawPillars

  beforeAll(async () => {
    database = await createTestDatabase()
    storage = await openPostgresStorage({ url: database.url })
    world = drivenWorld(storage, START_MS, random)
    await storage.maintenance.ensurePartitions(START_MS, 1)
    const fleet = await setUpFleet(world.app.ctx, 'driven')
    fleetId = fleet.fleetId
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query(`SELECT set_config('app.fleet', $1, false)`, [fleetId])
    for (let i = 0; i < DEVICES; i++) devices.push(await DrivenDevice.enroll(world, fleet.enrollmentKey, i))
    await drive()
    raw = await rawPillars(client, fleetId, FROM_MS, TO_MS)
  })
  afterAll(async () => {
    await client.end()
    await storage.close()
    await database.drop()
  })

  async function drive(): Promise<void> {
    const hot = Array.from({ length: HOT_RECORDS }, () => world.app.ctx.ids())
    let minuteMs = START_MS
    while (world.now() < END_MS) {
      await step(pick(devices, random), hot, random)
      world.advance(Math.ceil(waitOf(STEP_MS, random)))
      if (world.now() < minuteMs + MINUTE) continue
      minuteMs += MINUTE
      await snapshotGauges(world.app.ctx, fleetId)
      if (world.now() < TO_MS) {
        const { queue: told } = await rawPillars(client, fleetId, FROM_MS, TO_MS)
        waiting = { raw: told, atMs: world.now() }
      }
      await foldFleet(world.app.ctx, fleetId)
    }
    await foldFleet(world.app.ctx, fleetId)
  }

  async function step(device: DrivenDevice, hot: readonly string[], chance: Random): Promise<void> {
    const dice = chance()
    if (dice < 0.5)
      return device.push(Array.from({ length: 1 + Math.floor(chance() * 6) }, () => change(device, hot)))
    if (dice < 0.54) return device.pushAgain()
    if (dice < 0.57) return device.pushNonsense()
    if (dice < 0.59) return device.push([change(device, hot)], 99)
    if (dice < 0.8) return device.pull(heads)
    if (dice < 0.9) return device.heartbeat(chance() < 0.4 ? 0 : Math.floor(chance() * 400))
    return device.reportSession(chance() < 0.2 ? 'failed' : 'ok', chance() < 0.3 ? 2 : 0)
  }

  function change(device: DrivenDevice, hot: readonly string[]) {
    const dice = random()
    const ids = world.app.ctx.ids
    if (dice < 0.4) return device.mutation('strike-reports', ids(), { type: 'put', data: report() })
    if (dice < 0.45)
      return device.mutation('strike-reports', ids(), { type: 'put', data: { ...report(), species: 7 } })
    if (dice < 0.75)
      return device.mutation('strike-reports', pick(hot, random), { type: 'put', data: amended() })
    const inspection = { airportName: 'DFW', inspectedAt: '2026-03-02T09:00:00Z', outcome: 'clear' }
    return device.mutation('inspections', random() < 0.5 ? pick(hot, random) : ids(), {
      type: 'put',
      data: inspection,
    })
  }

  const amended = (): JsonObject => ({
    airportName: 'DFW',
    flightDate: '2026-03-01',
    status: pick(['open', 'inspected', 'closed'], random),
    species: pick(['Killdeer', 'Barn swallow'], random),
  })

  async function heads(): Promise<Record<string, number>> {
    const { rows } = await client.query<{ collection: string; version: number }>(
      'SELECT collection, version::int FROM stream_head WHERE fleet_id = $1',
      [fleetId],
    )
    return Object.fromEntries(rows.map(({ collection, version }) => [collection, version]))
  }

  const interval = () => ({ fleetId, fromMs: FROM_MS, toMs: TO_MS })

  it('sync lag', async () => {
    const { figure } = await lag(world.app.ctx, interval())
    const shown = devices.flatMap((device) => device.shown)
    const { delivery, visibility } = await rawDelivery(client, fleetId, FROM_MS, TO_MS, shown)
    // Letters and what lost were pushed and never committed.
    expect(raw.upload.count).toBeLessThan(raw.pushed)
    expectClose(figure?.upload, raw.upload)
    expectClose(figure?.delivery, delivery)
    expectClose(figure?.visibility, visibility)
  })

  it('conflict rate', async () => {
    const { figure } = await conflicts(world.app.ctx, interval())
    expect(raw.conflicts).toBeGreaterThan(20)
    expect(figure?.mutations).toMatchObject({ part: raw.conflicts, whole: raw.pushed })
    expect(figure?.byOutcome).toEqual({ local: 0, remote: 0, merge: 0, manual: 0, ...raw.byOutcome })
    expect(figure?.sessions).toMatchObject({ part: raw.sessions.withConflict, whole: raw.sessions.total })
  })

  it('failure rate', async () => {
    const { figure } = await failures(world.app.ctx, interval())
    const seen = devices
      .flatMap((device) => device.seen)
      .filter(({ atMs }) => atMs >= FROM_MS && atMs < TO_MS)
    const failed = seen.filter(({ status }) => status >= 400).length
    expect(raw.requests).toEqual({ total: seen.length, failed, shed: 0 })
    expect(failed).toBeGreaterThan(5)
    expect(figure?.sessions.whole).toBeGreaterThan(0)
    expect(await failedSessions(world.app.ctx, interval())).toEqual(figure?.sessions)
    expect(figure?.requests).toEqual({ part: failed, whole: seen.length, rate: failed / seen.length })
    expect(figure?.shed).toBe(0)
    expect(figure?.sessions).toMatchObject({ part: raw.sessions.failed, whole: raw.sessions.total })
  })

  it('transitions of sessions', async () => {
    const counts = byPart(
      sumAll(await storage.telemetry.buckets(fleetId, 'minute', FROM_MS, TO_MS)),
      'transitions',
    )
    expect(raw.transitions['committing>idle']).toBeGreaterThan(5)
    expect(counts).toEqual(raw.transitions)
  })

  it('queue depth', async () => {
    const { figure } = await queue(world.app.ctx, interval())
    expect(waiting.raw.pending).toBeGreaterThan(1)
    expect(figure?.depth).toBe(waiting.raw.depth)
    expect(figure?.devices).toMatchObject({ total: waiting.raw.devices, pending: waiting.raw.pending })
    expectClose(figure?.devices?.depth, waiting.raw.perDevice)
    expect(figure?.devices?.oldestAgeMs).toBe(waiting.atMs - (waiting.raw.oldestMadeAtMs ?? 0))
  })

  it('pending age of every device, the silent ones too', async () => {
    const { intervalMs } = (await storage.fleets.get(fleetId))?.settings ?? { intervalMs: 0 }
    for (const nowMs of [END_MS, END_MS + 30 * MINUTE]) {
      const { oldestPending } = (await storage.devices.now(fleetId, nowMs, intervalMs)).devices
      const { rows } = await client.query<{ id: string; age: number }>(OLDEST_PENDING, [
        fleetId,
        nowMs,
        silenceLimitMs(intervalMs),
      ])
      expect(oldestPending).toMatchObject({ deviceId: rows[0]?.id, ageMs: rows[0]?.age })
    }
  })
})

/** The greatest pending age by metrics.md: as reported; of a device of which nothing is known, its silence. */
const OLDEST_PENDING = `
  SELECT id, greatest(coalesce($2 - reported, CASE WHEN $2 - contact > $3 THEN $2 - contact END), 0)::float8 AS age
  FROM (SELECT id, extract(epoch FROM last_contact_at)::float8 * 1000 AS contact,
    CASE WHEN (report->>'depth')::int > 0
      THEN least((report->>'oldestMadeAtMs')::float8, (report->>'atMs')::float8) END AS reported
    FROM device WHERE fleet_id = $1 AND status <> 'revoked') AS told
  WHERE reported IS NOT NULL OR $2 - contact > $3
  ORDER BY age DESC, id LIMIT 1`

/** Counts are equal; quantiles are within 1 %. */
function expectClose(told: Quantiles | undefined, exact: RawQuantiles): void {
  expect(exact.count).toBeGreaterThan(5)
  expect(told?.count).toBe(exact.count)
  for (const q of ['p50', 'p95', 'p99', 'max'] as const) {
    const value = exact[q] ?? Number.NaN
    expect(Math.abs((told?.[q] ?? Number.NaN) - value), `${q} ${told?.[q]} is ${value}`).toBeLessThanOrEqual(
      value * 0.01,
    )
  }
}
