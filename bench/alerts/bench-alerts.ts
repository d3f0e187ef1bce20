import { randomUUID } from 'node:crypto'
import { AlertRounds } from '#lib/application/alerts/alert-rounds.ts'
import { foldFleet } from '#lib/application/telemetry/fold-events.ts'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import { silentLog } from '#tests/support/access-world.ts'
import { makeFleet } from '#tests/contract/storage/world.ts'
import { gaugesEvent, pushedCollection, pushEvent, sessionEvent } from '#tests/support/telemetry-fixtures.ts'
import { markdownTable, whole } from '../markdown.ts'
import type { BenchDatabase } from '../postgres.ts'

const FLEETS = Number(process.env['TIDEMARK_BENCH_FLEETS'] ?? 200)
const VERSIONS = ['2.4.0', '2.4.1'] as const
const COLLECTIONS = ['orders', 'notes'] as const
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const PERIOD_MS = 15_000
const ROUNDS = 20
/** Issue 8: 1,000 rules over 200 fleets. */
const MARK_MS = 2_000

/** Rounds of alert evaluations over fleets that have a day of telemetry, two versions and two collections each. */
export async function benchAlerts(database: BenchDatabase): Promise<string> {
  const storage = await openPostgresStorage({ url: database.env.DATABASE_URL })
  try {
    const endMs = Date.now()
    await storage.maintenance.ensurePartitions(endMs, 1)
    for (let n = 0; n < FLEETS; n++) await fill(storage, (await makeFleet(storage)).id, endMs)
    return await roundsTable(storage, endMs)
  } finally {
    await storage.close()
  }
}

async function roundsTable(storage: Storage, endMs: number): Promise<string> {
  let nowMs = endMs
  const rounds = new AlertRounds({
    storage,
    clock: { now: () => nowMs },
    ids: randomUUID,
    random: Math.random,
    log: silentLog,
    metrics: createMetrics(),
    processId: randomUUID(),
  })
  const timed = async (): Promise<number> => {
    const startedMs = performance.now()
    await rounds.run()
    nowMs += PERIOD_MS
    return performance.now() - startedMs
  }
  const coldMs = await timed()
  const warm: number[] = []
  for (let n = 0; n < ROUNDS; n++) warm.push(await timed())
  const sorted = warm.toSorted((a, b) => a - b)
  const medianMs = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const rules = (await storage.alerts.lastRound())?.rules ?? 0
  const rows = [
    ['first, all windows read', coldMs],
    ['median of the next', medianMs],
    ['slowest of them', sorted.at(-1) ?? Number.NaN],
  ] as const
  return markdownTable(
    `Alerts: a round of evaluations over ${whole(FLEETS)} fleets, ${whole(rules)} rules`,
    ['round', 'ms', 'ms for 1,000 rules', `of ${whole(MARK_MS)} ms`],
    rows.map(([name, ms]) => [
      name,
      whole(ms),
      whole((ms / rules) * 1_000),
      `${((ms / MARK_MS) * 100).toFixed(0)} %`,
    ]),
  )
}

/** A day by the hour, and the last ten minutes by the minute. */
async function fill(storage: Storage, fleetId: string, endMs: number): Promise<void> {
  const minutes = Array.from({ length: 10 }, (_, n) => endMs - n * MINUTE_MS)
  const hours = Array.from({ length: 24 }, (_, n) => endMs - (n + 2) * HOUR_MS)
  const events = [...minutes, ...hours].flatMap((atMs) => eventsAt(atMs))
  for (let at = 0; at < events.length; at += 500)
    await storage.telemetry.append(fleetId, events.slice(at, at + 500))
  const ctx = { storage, clock: { now: Date.now } }
  while ((await foldFleet(ctx, fleetId)).more);
}

function eventsAt(atMs: number): readonly TelemetryEvent[] {
  const collections = Object.fromEntries(
    COLLECTIONS.map((name) => [name, pushedCollection({ results: { applied: 8 }, uploadLagMs: [900] })]),
  )
  return VERSIONS.flatMap((appVersion) =>
    [
      pushEvent({ appVersion, collections }),
      sessionEvent({ appVersion }),
      gaugesEvent({ appVersion, devices: 40 }),
    ].map((payload) => ({ id: randomUUID(), atMs, payload })),
  )
}
