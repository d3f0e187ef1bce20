import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { SYSTEM, auditEntry } from '#lib/application/access/audit-entry.ts'
import { appScope } from '#lib/application/breakers/scopes.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { Child } from '../child.ts'
import { markdownTable, whole } from '../markdown.ts'
import type { BenchDatabase } from '../postgres.ts'
import type { Server } from '../processes.ts'
import { usageOf, withProcesses } from '../processes.ts'
import { inTurns } from '../rounds.ts'
import type { AskFigures, Order, PushFigures } from './load.ts'

const DEVICES = 50
const SHUT_APP = '9.9.9'
const ASKED = 10_000
const CONCURRENCY = 16
const ROUNDS = { warmUp: 2, measured: 7 }
const PUSHES = { times: 600, perSecond: 50 }
/** What a thousand devices that heed Retry-After never reach: they are told to wait for 30 s at least. */
const STORM_PER_SECOND = 200
const PUSH_ROUNDS = { warmUp: 1, measured: 5 }
const HOLDS_WITHIN_MS = 2_000

const BARE = 'bare `node:http`, an empty answer'
const TIDEMARK = 'Tidemark, forced open'
const CALM = 'without a storm'
const STORMY = `beside ${STORM_PER_SECOND} refused requests/s`

type Rejected = AskFigures & { readonly cpuUs: number }

/** How fast a breaker that is forced open refuses, and what that costs those that it doesn't shut. */
export function benchBreakers(database: BenchDatabase): Promise<string> {
  return withProcesses(database, async (processes) => {
    const app = await processes.tidemark()
    const bare = await processes.server(new URL('./empty-server.ts', import.meta.url))
    const load = await processes.load(new URL('./load.ts', import.meta.url))
    const storm = await processes.load(new URL('./load.ts', import.meta.url))
    const { url, enrollmentKey, fleetId } = app.ready
    for (const one of [load, storm])
      await one.ask<object>({ kind: 'enroll', url, enrollmentKey, devices: DEVICES } satisfies Order)
    await forceOpen(database, fleetId)

    const asking = (server: Server) => async (): Promise<Rejected> => {
      const before = await usageOf(server)
      const order = {
        kind: 'ask',
        url: server.ready.url,
        app: SHUT_APP,
        times: ASKED,
        concurrency: CONCURRENCY,
      } as const
      const figures = await load.ask<AskFigures>(order satisfies Order)
      return { ...figures, cpuUs: ((await usageOf(server)).cpuUs - before.cpuUs) / ASKED }
    }
    const rejected = await inTurns({ [BARE]: asking(bare), [TIDEMARK]: asking(app) }, ROUNDS)
    const pushed = await inTurns(
      {
        [CALM]: () => pushes(load, url),
        [STORMY]: async () => {
          await storm.ask<object>({
            kind: 'storm',
            url,
            app: SHUT_APP,
            perSecond: STORM_PER_SECOND,
          } satisfies Order)
          const figures = await pushes(load, url)
          await storm.ask<object>({ kind: 'calm' } satisfies Order)
          return figures
        },
      },
      PUSH_ROUNDS,
    )
    return [rejectedTable(rejected), pushedTable(pushed)].join('\n\n')
  })
}

const pushes = (load: Child<object>, url: string): Promise<PushFigures> =>
  load.ask<PushFigures>({ kind: 'push', url, ...PUSHES } satisfies Order)

const ignore = (): void => undefined

/** As a person's word does it: saved, and told to the process that serves. */
async function forceOpen({ env }: BenchDatabase, fleetId: string): Promise<void> {
  const storage = await openPostgresStorage({ url: env.DATABASE_URL })
  try {
    const nowMs = Date.now()
    const override = {
      id: randomUUID(),
      kind: 'forced_open',
      reason: 'the bench of breakers',
      by: { id: SYSTEM.id, name: SYSTEM.name },
      askedAtMs: nowMs,
      startsAtMs: nowMs,
      expiresAtMs: nowMs + 3_600_000,
      approval: null,
      breakGlass: false,
      endedAtMs: null,
    } as const
    const scope = appScope(fleetId, SHUT_APP)
    const log = { info: ignore, warn: ignore, error: ignore }
    const ctx = { storage, clock: { now: Date.now }, ids: randomUUID, log }
    const audit = auditEntry(ctx, SYSTEM, { action: 'breaker.forced_open', target: scope, fleetId })
    await storage.breakers.save(
      { scope, fleetId, version: 1, settings: null, overrides: [override], changedAtMs: nowMs },
      audit,
    )
  } finally {
    await storage.close()
  }
  await pause(HOLDS_WITHIN_MS)
}

function rejectedTable(rows: Readonly<Record<string, Rejected>>): string {
  const own = rows[TIDEMARK]?.answersPerSecond ?? Number.NaN
  return markdownTable(
    `Requests that an open breaker refuses, ${CONCURRENCY} at a time`,
    ['server', 'answers/s', 'p99 ms', 'Node CPU µs/answer', 'Tidemark ÷ this'],
    Object.entries(rows).map(([name, { answersPerSecond, p99Ms, cpuUs }]) => [
      name,
      whole(answersPerSecond),
      p99Ms.toFixed(1),
      cpuUs.toFixed(0),
      (own / answersPerSecond).toFixed(2),
    ]),
  )
}

function pushedTable(rows: Readonly<Record<string, PushFigures>>): string {
  const calm = rows[CALM]?.p99Ms ?? Number.NaN
  return markdownTable(
    `Pushes of another app version, ${PUSHES.perSecond} a second`,
    ['pushes', 'p50 ms', 'p99 ms', 'p99 ÷ without'],
    Object.entries(rows).map(([name, { p50Ms, p99Ms }]) => [
      name,
      p50Ms.toFixed(1),
      p99Ms.toFixed(1),
      (p99Ms / calm).toFixed(2),
    ]),
  )
}
