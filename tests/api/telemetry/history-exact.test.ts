import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Context } from '#lib/application/context.ts'
import { conflicts } from '#lib/application/pillars/conflicts.ts'
import { failures } from '#lib/application/pillars/failures.ts'
import { lag } from '#lib/application/pillars/lag.ts'
import type { PillarQuery } from '#lib/application/pillars/pillar.ts'
import { storeSessions } from '#lib/application/sessions/store-sessions.ts'
import { foldFleet } from '#lib/application/telemetry/fold-events.ts'
import { refoldRange } from '#lib/application/telemetry/refold-range.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { bucketId, fullTierOf, MERGED_TIERS } from '#lib/rollups/bucket.ts'
import { mergedOf } from '#lib/rollups/fold.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import type { Device, Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { PushedCollection, TelemetryEvent } from '#lib/telemetry/events.ts'
import type { LagFigure } from '#lib/telemetry/pillars.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import type {
  HeardOf,
  HeardPush,
  HeardRequests,
  HeardSession,
  HistoryDevice,
} from '#tests/support/history.ts'
import { history, historyDevices } from '#tests/support/history.ts'
import type { TruthFigure } from '#tests/support/history-truth.ts'
import { makeTruth, tellPushes, tellRequests, tellSessions, truthOf } from '#tests/support/history-truth.ts'
import { isSoak, noteTrial, rounds } from '#tests/support/trials.ts'
import { makeDevice, makeFleet } from '../../contract/storage/world.ts'
import { drivenWorld } from './driven-fleet.ts'

/** A million in `npm run soak`. */
const SESSIONS = rounds(4_000, 1_000_000)
const SEED = 20_260_401
const HOUR = 3_600_000
const DAY = 24 * HOUR
const DAYS = 7
const START_MS = Date.UTC(2026, 3, 1)
const END_MS = START_MS + DAYS * DAY
const ROUND_MS = 4 * HOUR
const DEVICES = 20
const REPORT_MAX = 100
const APPEND_MAX = 500
/** A quantile of a sketch is at most this far off. */
const ERROR_MAX = 0.01

const RANGES = [
  { name: '24 h', fromMs: START_MS + 3 * DAY, toMs: START_MS + 4 * DAY },
  { name: '7 days', fromMs: START_MS, toMs: END_MS },
  { name: 'three odd hours', fromMs: START_MS + 31 * HOUR + 780_000, toMs: START_MS + 34 * HOUR + 1_200_000 },
  {
    name: 'fifty hours with ragged ends',
    fromMs: START_MS + 20 * HOUR + 1_140_000,
    toMs: START_MS + 70 * HOUR + 60_000,
  },
] as const
const FILTERS = [
  {},
  { platform: 'android' },
  { appVersion: '2.4.0' },
  { collection: 'notes' },
  { collection: 'reports', platform: 'ios' },
] as const

describe(
  `a history of ${SESSIONS} sessions, late, twice, by wrong clocks and not at all, seed ${SEED}`,
  { timeout: 120_000 + SESSIONS / 5 },
  () => {
    let database: TestDatabase
    let storage: Storage
    let client: pg.Client
    let ctx: Context
    let fleetId: string
    const told = { sessions: 0, pushes: 0, requests: 0, repeats: 0 }

    beforeAll(
      async () => {
        database = await createTestDatabase()
        storage = await openPostgresStorage({ url: database.url })
        client = new pg.Client({ connectionString: database.url })
        await client.connect()
        await makeTruth(client)
        await storage.maintenance.ensurePartitions(START_MS, DAYS + 1)
        const random = seededRandom(SEED)
        const world = drivenWorld(storage, START_MS, random)
        ctx = world.app.ctx
        fleetId = (await makeFleet(storage)).id
        const devices = historyDevices(DEVICES, random)
        const stored = await Promise.all(
          devices.map(({ platform, appVersion }) => makeDevice(storage, fleetId, { platform, appVersion })),
        )
        const options = { sessions: SESSIONS, devices: DEVICES, startMs: START_MS, days: DAYS, random }
        for (const { endMs, heard } of history(options, devices, ROUND_MS)) {
          world.advance(endMs - world.now())
          await hear(heard, stored)
          // Late events find buckets that were folded before.
          if ((endMs / ROUND_MS) % 3 === 0) await foldAll()
        }
        await foldAll()
      },
      120_000 + SESSIONS * 2,
    )
    afterAll(async () => {
      await client.end()
      await storage.close()
      await database.drop()
    })

    async function foldAll(): Promise<void> {
      while ((await foldFleet(ctx, fleetId)).more);
    }

    async function hear(heard: readonly HeardOf[], stored: readonly Device[]): Promise<void> {
      const of = <K extends HeardOf['kind']>(kind: K) =>
        heard.filter((one): one is Extract<HeardOf, { kind: K }> => one.kind === kind)
      const [sessions, pushes, requests] = [of('session'), of('push'), of('requests')]
      for (const { device, rows } of byDevice(sessions)) {
        for (const batch of batches(rows, REPORT_MAX)) {
          const body = { sessions: batch.map(reportOf), offsetMs: device.offsetMs }
          const known = stored[device.index] as Device
          await storeSessions(ctx, { device: known, app: known, body })
        }
      }
      const events = [...pushes, ...requests].sort((a, b) => a.heardMs - b.heardMs).map(eventOf)
      for (const batch of batches(events, APPEND_MAX)) await storage.telemetry.append(fleetId, batch)
      const first = <T extends HeardOf>(all: readonly T[]): T[] => all.filter(({ isRepeat }) => !isRepeat)
      await tellSessions(
        client,
        first(sessions).map((session) => ({ ...session, atMs: session.endedMs })),
      )
      await tellPushes(client, first(pushes))
      await tellRequests(client, first(requests))
      told.sessions += first(sessions).length
      told.pushes += first(pushes).length
      told.requests += first(requests).length
      told.repeats += heard.length - first(heard).length
    }

    /** Each range, and each filter, with some of the others; all of both in a soak. */
    const asked = RANGES.flatMap((range, i) =>
      FILTERS.filter((_, j) => isSoak || (i + j) % 3 === 0).map((filter) => ({ ...range, filter })),
    )
    const queryOf = ({ fromMs, toMs, filter }: (typeof asked)[number]): PillarQuery => ({
      fleetId,
      fromMs,
      toMs,
      ...filter,
    })

    it('is large, and holds what makes it hard', async () => {
      expect(told.sessions).toBeGreaterThan(SESSIONS * 0.9)
      expect(told.pushes).toBeGreaterThan(SESSIONS * 0.6)
      expect(told.repeats).toBeGreaterThan(SESSIONS * 0.03)
      const { rows } = await client.query<{ late: string; stored: string }>(
        `SELECT count(*) AS stored, count(*) FILTER (WHERE received_at - ended_at > '5 hours') AS late FROM sync_session WHERE fleet_id = $1`,
        [fleetId],
      )
      expect(Number(rows[0]?.stored)).toBe(told.sessions)
      expect(Number(rows[0]?.late)).toBeGreaterThan(SESSIONS * 0.01)
    })

    it.each(asked)('sync lag of $name, $filter', async (range) => {
      const answer = await lag(ctx, queryOf(range))
      const { whole, steps, heard } = await exact(answer, range.filter)
      sameLag(answer.figure, whole)
      for (const { atMs, figure } of answer.points) {
        const step = Math.floor(atMs / answer.stepMs) * answer.stepMs
        expect([atMs, figure === null]).toEqual([atMs, !heard.has(step)])
        if (figure !== null) sameLag(figure, steps.get(step))
      }
    })

    it.each(asked)('conflict rate of $name, $filter', async (range) => {
      const answer = await conflicts(ctx, queryOf(range))
      const { whole, steps } = await exact(answer, range.filter)
      const figures = (figure: typeof answer.figure) => [
        figure?.mutations.whole ?? 0,
        figure?.mutations.part ?? 0,
        figure?.sessions?.whole ?? 0,
        figure?.sessions?.part ?? 0,
      ]
      const truth = (figure?: TruthFigure) => [
        figure?.pushed ?? 0,
        figure?.conflicts ?? 0,
        figure?.sessions ?? 0,
        figure?.withConflict ?? 0,
      ]
      expect(figures(answer.figure)).toEqual(truth(whole))
      expect(answer.figure?.byOutcome).toEqual({
        local: 0,
        remote: 0,
        merge: 0,
        manual: 0,
        ...whole.byOutcome,
      })
      for (const { atMs, figure } of answer.points)
        expect([atMs, ...figures(figure)]).toEqual([
          atMs,
          ...truth(steps.get(Math.floor(atMs / answer.stepMs) * answer.stepMs)),
        ])
    })

    it.each(asked)('failure rate of $name, $filter', async (range) => {
      const answer = await failures(ctx, queryOf(range))
      const { whole, steps } = await exact(answer, range.filter)
      const figures = (figure: typeof answer.figure) => [
        figure?.requests.whole ?? 0,
        figure?.requests.part ?? 0,
        figure?.shed ?? 0,
        figure?.sessions.whole ?? 0,
        figure?.sessions.part ?? 0,
      ]
      const truth = (figure?: TruthFigure) => [
        figure?.requests ?? 0,
        figure?.failures ?? 0,
        figure?.shed ?? 0,
        figure?.sessions ?? 0,
        figure?.failed ?? 0,
      ]
      expect(figures(answer.figure)).toEqual(truth(whole))
      const codes = Object.fromEntries((answer.figure?.byCode ?? []).map(({ key, count }) => [key, count]))
      expect(codes).toEqual(whole.byCode)
      for (const { atMs, figure } of answer.points)
        expect([atMs, ...figures(figure)]).toEqual([
          atMs,
          ...truth(steps.get(Math.floor(atMs / answer.stepMs) * answer.stepMs)),
        ])
    })

    it.each(['appVersion', 'platform', 'collection'] as const)('each group by %s', async (groupBy) => {
      const [range] = RANGES
      const answer = await lag(ctx, { fleetId, ...range, groupBy })
      expect(answer.groups.length).toBeGreaterThanOrEqual(3)
      for (const { key, figure } of answer.groups)
        sameLag(figure, (await exact(answer, { [groupBy]: key })).whole)
    })

    it(
      'merged tiers hold, to the byte, what the full ones merge to',
      { timeout: 120_000 + SESSIONS },
      async () => {
        for (const tier of MERGED_TIERS) {
          const { buckets } = await storage.telemetry.mergedBuckets(fleetId, tier, START_MS, END_MS)
          const full = await storage.telemetry.buckets(fleetId, fullTierOf(tier), START_MS, END_MS)
          const byId = (all: readonly Bucket[]) =>
            new Map(all.map((bucket) => [bucketId(bucket.key), JSON.stringify(bucket)]))
          expect(buckets.length).toBeGreaterThan(100)
          expect(byId(buckets)).toEqual(byId(mergedOf(full, tier)))
        }
      },
    )

    it('folded again as a whole, is the same to the byte', { timeout: 120_000 + SESSIONS }, async () => {
      const digest = async () => {
        const { rows } = await client.query<{ n: string; md5: string }>(
          `SELECT count(*) AS n, md5(string_agg(md5(r::text), '' ORDER BY tier, start, collection, platform, app_version)) AS md5
         FROM rollup r WHERE fleet_id = $1`,
          [fleetId],
        )
        return rows[0]
      }
      const before = await digest()
      const { events } = await refoldRange(ctx, { fleetId, fromMs: START_MS, toMs: END_MS })
      expect(events).toBe(told.sessions + told.pushes + told.requests)
      expect(await digest()).toEqual(before)
      noteTrial({
        wanted: SESSIONS,
        done: isSoak ? SESSIONS : told.sessions,
        figures: { ...told, questions: 3 * asked.length },
      })
    })

    async function exact(
      { fromMs, toMs, stepMs }: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
      filter: object,
    ) {
      const range = { fromMs, toMs, stepMs }
      const { whole, steps } = await truthOf(client, { ...range, ...filter })
      const all = Object.keys(filter).length === 0 ? steps : (await truthOf(client, range)).steps
      return { whole, steps, heard: new Set(all.keys()) }
    }
  },
)

function sameLag(told: LagFigure | null, exact: TruthFigure | undefined): void {
  expect([told?.upload.count, told?.clamped]).toEqual([exact?.committed ?? 0, exact?.clamped ?? 0])
  for (const q of ['p50', 'p95', 'p99', 'max'] as const) {
    const [is, should] = [told?.upload[q] ?? null, exact?.lag?.[q] ?? null]
    if (is === null || should === null) expect(is).toBe(should)
    else expect(Math.abs(is - should), `${q} ${is} is ${should}`).toBeLessThanOrEqual(should * ERROR_MAX)
  }
}

function byDevice(
  sessions: readonly HeardSession[],
): readonly { readonly device: HistoryDevice; readonly rows: readonly HeardSession[] }[] {
  const groups = new Map<HistoryDevice, HeardSession[]>()
  for (const session of sessions) groups.set(session.device, [...(groups.get(session.device) ?? []), session])
  return [...groups].map(([device, rows]) => ({ device, rows }))
}

function batches<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))
}

/** By the device's own wrong clock. */
function reportOf({ sessionId, startedMs, endedMs, result, conflicts: met, device }: HeardSession) {
  const iso = (serverMs: number): string => new Date(serverMs - device.offsetMs).toISOString()
  return {
    sessionId,
    mode: 'delta',
    startedAt: iso(startedMs),
    endedAt: iso(endedMs),
    result,
    transitions: [],
    attempts: [],
    pushed: 1,
    pulled: 0,
    conflicts: met,
    deadLettered: 0,
    queueDepthBefore: 1,
    queueDepthAfter: 0,
  }
}

function eventOf(heard: HeardPush | HeardRequests): TelemetryEvent {
  const { id, device } = heard
  const { platform, appVersion } = device
  if (heard.kind === 'requests') {
    const { route, statusClass, code, count } = heard
    const counts = [{ route, statusClass, code, platform, appVersion, count }]
    return { id, atMs: heard.atMs, payload: { kind: 'requests', process: 'p', sequence: 1, counts } }
  }
  const source = { deviceId: String(device.index), platform, appVersion }
  const payload = {
    kind: 'push',
    requestId: id,
    sessionId: id,
    ...source,
    collections: pushedOf(heard),
  } as const
  return { id, atMs: heard.committedMs, payload }
}

function pushedOf({ mutations }: HeardPush): Record<string, PushedCollection> {
  const names = [...new Set(mutations.map(({ collection }) => collection))]
  return Object.fromEntries(
    names.map((name): [string, PushedCollection] => {
      const own = mutations.filter(({ collection }) => collection === name)
      const results: Record<string, number> = {}
      for (const { result } of own) results[result] = (results[result] ?? 0) + 1
      return [
        name,
        {
          results,
          conflicts: own.flatMap(({ outcome }) =>
            outcome === null ? [] : [{ strategy: 'field-merge', outcome, fields: ['title'] }],
          ),
          uploadLagMs: own.flatMap(({ lagMs }) => (lagMs === null ? [] : [Math.max(0, lagMs)])),
          clamped: own.filter(({ lagMs }) => lagMs !== null && lagMs < 0).length,
          deadLetterCodes: {},
        },
      ]
    }),
  )
}
