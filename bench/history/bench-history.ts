import pg from 'pg'
import { conflicts } from '#lib/application/pillars/conflicts.ts'
import { failures } from '#lib/application/pillars/failures.ts'
import { lag } from '#lib/application/pillars/lag.ts'
import { overview } from '#lib/application/pillars/overview.ts'
import { queue } from '#lib/application/pillars/queue.ts'
import { parseFilter } from '#lib/query/parse-filter.ts'
import { SESSION_FIELDS } from '#lib/query/session-fields.ts'
import type { Cursor, ListedSession, Page, Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { makeFleet } from '#tests/contract/storage/world.ts'
import { testApp } from '#tests/support/device-world.ts'
import { markdownTable, whole } from '../markdown.ts'
import type { BenchDatabase } from '../postgres.ts'
import { inTurns } from '../rounds.ts'
import { fillHistory, HISTORY_DAYS } from './fill.ts'
import { rawListOf, RAW_PILLARS } from './raw.ts'

/** 10,000,000 are what the marks are for; to write them takes half an hour. */
const SESSIONS = Number(process.env['TIDEMARK_BENCH_SESSIONS'] ?? 1_000_000)
const ROUNDS = { warmUp: 2, measured: 5 }
const DAY_MS = 86_400_000
const STEP_MS = { 1: 5 * 60_000, 7: 3_600_000 } as const
const PILLARS = { lag, conflicts, failures, queue, overview } as const
const FILTERS = [
  '',
  'result:failed',
  'DFW-0001',
  'nobody',
  'version:0.0',
  'collection:none',
  'took:>1d',
  'result:failed version:2.3.5 lag:>5m',
]
const PAGES = 5
const PAGE = 50

/** The console's queries over a history, each beside the same question to the sessions' rows. */
export async function benchHistory(database: BenchDatabase): Promise<string> {
  const url = database.env.DATABASE_URL
  const storage = await openPostgresStorage({ url })
  const raw = new pg.Client({ connectionString: url })
  await raw.connect()
  try {
    const { id } = await makeFleet(storage)
    const { fleetId, endMs } = await fillHistory(storage, url, id, SESSIONS)
    return await historyTables({ storage, raw, fleetId, endMs, sessions: SESSIONS })
  } finally {
    await raw.end()
    await storage.close()
  }
}

const historyTables = async (of: Filled): Promise<string> =>
  `${await pillarTable(of)}\n\n${await pageTable(of)}`

interface Filled {
  readonly sessions: number
  readonly storage: Storage
  /** As the owner of the tables, whom no row-level security holds up. */
  readonly raw: pg.Client
  readonly fleetId: string
  readonly endMs: number
}

async function pillarTable({ storage, raw, fleetId, endMs, sessions }: Filled): Promise<string> {
  const { ctx } = testApp(storage, console.error, { now: () => endMs })
  const rows: string[][] = []
  for (const days of [1, 7] as const) {
    const range = { fleetId, fromMs: endMs - days * DAY_MS, toMs: endMs }
    const values = [fleetId, new Date(range.fromMs), new Date(endMs), STEP_MS[days] / 1_000]
    for (const [name, ask] of Object.entries(PILLARS)) {
      const { ours, rows: beside } = await inTurns(
        {
          ours: () => timed(() => ask(ctx, { ...range, stepMs: STEP_MS[days] })),
          rows: () =>
            timed(async () => {
              for (const text of RAW_PILLARS[name as keyof typeof PILLARS]) await raw.query(text, values)
            }),
        },
        ROUNDS,
      )
      const mark = name === 'overview' || days === 7 ? 150 : 50
      rows.push([
        `${name}, ${days === 1 ? '24 h' : '7 days'}`,
        ours.ms.toFixed(0),
        ours.cpuMs.toFixed(0),
        beside.ms.toFixed(0),
        (beside.ms / ours.ms).toFixed(1),
        String(mark),
      ])
    }
  }
  const title = `Pillars of a fleet with ${whole(sessions)} sessions in ${HISTORY_DAYS} days`
  return markdownTable(title, ['query', 'ms', 'Node CPU ms', 'ms on rows', 'rows ÷ this', 'mark, ms'], rows)
}

async function pageTable({ storage, raw, fleetId, endMs }: Filled): Promise<string> {
  const rows: string[][] = []
  for (const q of FILTERS) {
    const parsed = parseFilter(q, SESSION_FIELDS)
    if (!parsed.ok) throw new Error(`${q} is no filter`)
    const filter = { fromMs: endMs - 7 * DAY_MS, toMs: endMs + 1, conditions: parsed.value }
    const pages = async () => {
      const took: number[] = []
      let found = 0
      let cursor: Cursor | null = null
      for (let n = 0; n === 0 || (cursor !== null && n < PAGES); n++) {
        const startMs = performance.now()
        const page: Page<ListedSession> = await storage.sessions.list(fleetId, filter, {
          limit: PAGE,
          cursor,
        })
        took.push(performance.now() - startMs)
        found += page.items.length
        cursor = page.next
      }
      return { ms: took[0] ?? 0, cpuMs: 0, mostMs: Math.max(...took), found }
    }
    const alone = async (work: () => Promise<unknown>) => ({ ...(await timed(work)), mostMs: 0, found: 0 })
    const text = rawListOf(filter)
    const { ours, facets, beside } = await inTurns(
      {
        ours: pages,
        facets: () => alone(() => storage.sessions.facets(fleetId, filter)),
        beside: () => alone(() => raw.query(text, [fleetId, new Date(filter.fromMs), new Date(filter.toMs)])),
      },
      { warmUp: 1, measured: 3 },
    )
    rows.push([
      q === '' ? 'no filter' : `\`${q}\``,
      ours.ms.toFixed(0),
      ours.mostMs.toFixed(0),
      facets.ms.toFixed(0),
      whole(ours.found),
      beside.ms.toFixed(0),
      (beside.ms / ours.ms).toFixed(1),
    ])
  }
  return markdownTable(
    `Pages of ${PAGE} sessions of 7 days of the same (mark: 100 ms)`,
    [
      'filter',
      'first page, ms',
      `slowest of ${PAGES}, ms`,
      'counts, ms',
      'found',
      'ms on rows, unbounded',
      'rows ÷ first page',
    ],
    rows,
  )
}

async function timed(work: () => Promise<unknown>): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const [startMs, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return { ms: performance.now() - startMs, cpuMs: (user + system) / 1_000 }
}
