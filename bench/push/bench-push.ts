import { markdownTable, whole } from '../markdown.ts'
import type { BenchDatabase } from '../postgres.ts'
import type { Processes, Server } from '../processes.ts'
import { analyze, inDatabase, usageOf, withProcesses } from '../processes.ts'
import { inTurns } from '../rounds.ts'
import type { Order, RoundFigures } from './load.ts'

export interface PushPlan {
  readonly title: string
  readonly devices: number
  /** Of one round. */
  readonly pushes: number
  /** Of one push. */
  readonly mutations: number
  readonly concurrency: number
  readonly warmUp: number
  readonly measured: number
  /** Servers of this table alone, which decide nothing, by the name of their row. */
  readonly others?: (processes: Processes) => Promise<Readonly<Record<string, Server>>>
}

interface Figures extends RoundFigures {
  /** Processor time of the Node process, all its threads. */
  readonly cpuUsPerMutation: number
}

/** The first mark of the product's performance. */
export const benchPush = (database: BenchDatabase): Promise<string> =>
  benchPushes(database, {
    title: 'Pushes of 50 mutations from 1,000 devices, concurrency 16',
    devices: 1_000,
    pushes: 1_000,
    mutations: 50,
    concurrency: 16,
    // Servers run for weeks: V8 compiles the code of a push anew until some 150,000 mutations went through it.
    warmUp: 3,
    measured: 5,
  })

/** Tidemark beside its two ceilings, each in a process of its own. */
export function benchPushes(database: BenchDatabase, plan: PushPlan): Promise<string> {
  return withProcesses(database, async (processes) => {
    const app = await processes.tidemark()
    const ceiling = new URL('./ceiling-server.ts', import.meta.url)
    const parse = await processes.server(ceiling, ['parse'])
    const insert = await processes.server(ceiling, ['insert'])
    const others = (await plan.others?.(processes)) ?? {}
    const load = await processes.load(new URL('./load.ts', import.meta.url))
    const { url, enrollmentKey } = app.ready
    await load.ask<object>({ kind: 'enroll', url, enrollmentKey, devices: plan.devices } satisfies Order)
    const round = (server: Server, decides: boolean) => async (): Promise<Figures> => {
      const { pushes, mutations, concurrency } = plan
      const order = { kind: 'round', url: server.ready.url, pushes, mutations, concurrency, decides } as const
      const before = await usageOf(server)
      const figures = await load.ask<RoundFigures>(order satisfies Order)
      const cpuUs = (await usageOf(server)).cpuUs - before.cpuUs
      return { ...figures, cpuUsPerMutation: cpuUs / (pushes * mutations) }
    }
    const rows = {
      'ceiling 1: bare `node:http`, reads and parses': round(parse, false),
      'ceiling 2: the same and one `unnest` transaction a stream': round(insert, false),
      ...Object.fromEntries(Object.entries(others).map(([name, server]) => [name, round(server, false)])),
      [TIDEMARK]: round(app, true),
    }
    const { warmUp, measured, pushes, mutations } = plan
    const figures = await inTurns<string, Figures>(rows, {
      warmUp,
      measured,
      afterWarmUp: () => analyze(database),
    })
    await checkAllStored(database, app.ready.fleetId, (warmUp + measured) * pushes * mutations)
    return pushTable(plan.title, figures)
  })
}

const TIDEMARK = 'Tidemark'

/** A figure of a server that lost something would mean nothing. */
async function checkAllStored(database: BenchDatabase, fleetId: string, mutations: number): Promise<void> {
  const counted = await inDatabase(database, (client) =>
    client.query<{ changes: number; records: number; fsync: string }>(
      `SELECT (SELECT count(*)::int FROM change_log WHERE fleet_id = $1) AS changes,
        (SELECT count(*)::int FROM record WHERE fleet_id = $1) AS records, current_setting('fsync') AS fsync`,
      [fleetId],
    ),
  )
  const [row] = counted.rows
  if (row?.changes !== mutations || row.records !== mutations || row.fsync !== 'on') {
    throw new Error(`${mutations} mutations were acknowledged, the database has ${JSON.stringify(row)}`)
  }
}

function pushTable(title: string, figures: Readonly<Record<string, Figures>>): string {
  const own = figures[TIDEMARK]?.mutationsPerSecond ?? Number.NaN
  return markdownTable(
    title,
    ['server', 'mutations/s', 'p50 ms', 'p99 ms', 'Node CPU µs/mutation', 'Tidemark ÷ this'],
    Object.entries(figures).map(([name, { mutationsPerSecond, p50Ms, p99Ms, cpuUsPerMutation }]) => [
      name,
      whole(mutationsPerSecond),
      p50Ms.toFixed(1),
      p99Ms.toFixed(1),
      cpuUsPerMutation.toFixed(0),
      (own / mutationsPerSecond).toFixed(2),
    ]),
  )
}
