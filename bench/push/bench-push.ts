import pg from 'pg'
import type { Child } from '../child.ts'
import { startChild } from '../child.ts'
import { SERVER_NODE_OPTIONS } from '../../scripts/launch/server-options.mjs'
import type { BenchDatabase } from '../postgres.ts'
import type { SetUpFleet } from '../set-up-fleet.ts'
import type { Order, RoundFigures } from './load.ts'
import type { Listening } from './serve.ts'

/** The first mark of the product's performance: pushes of 50 mutations from 1,000 devices at concurrency 16. */
const DEVICES = 1_000
const MUTATIONS = 50
const CONCURRENCY = 16
const ROUNDS = 5
/** Servers run for weeks: V8 compiles the code of a push anew until some 150,000 mutations went through it. */
const WARM_UP_ROUNDS = 3

interface Figures extends RoundFigures {
  /** Processor time of the Node process, all its threads. */
  readonly cpuUsPerMutation: number
}
interface Target {
  readonly server: Child<Listening>
  /** True for the server that decides: every mutation must be `applied`. */
  readonly decides: boolean
  readonly rounds: Figures[]
}
export interface PushBench {
  readonly parse: Figures
  readonly insert: Figures
  readonly tidemark: Figures
}

/**
 * Tidemark beside its two ceilings, each in a process of its own, in rounds that take turns: a slow moment of the
 * machine meets all three.
 * @returns the median of each figure over the rounds
 */
export async function benchPush({ env }: BenchDatabase): Promise<PushBench> {
  const children: Child<unknown>[] = []
  const start = async <Ready>(
    file: string,
    childEnv: object,
    args: readonly string[] = [],
  ): Promise<Child<Ready>> => {
    const child = await startChild<Ready>(new URL(file, import.meta.url), {
      env: { ...childEnv },
      args,
      nodeArgs: SERVER_NODE_OPTIONS,
    })
    children.push(child)
    return child
  }
  try {
    const app = await start<Listening & SetUpFleet>('../device-server.ts', env, ['bench'])
    const parse = targetOf(await start('./ceiling-server.ts', { DATABASE_URL: '' }), false)
    const insert = targetOf(await start('./ceiling-server.ts', env), false)
    const tidemark = targetOf(app, true)
    const load = await start<object>('./load.ts', {})
    const { url, enrollmentKey } = app.ready
    await load.ask<object>({ kind: 'enroll', url, enrollmentKey, devices: DEVICES } satisfies Order)
    await runRounds(load, [parse, insert, tidemark], env.DATABASE_URL)
    await checkAllStored(env.DATABASE_URL, (WARM_UP_ROUNDS + ROUNDS) * DEVICES * MUTATIONS)
    return {
      parse: medianOf(parse.rounds),
      insert: medianOf(insert.rounds),
      tidemark: medianOf(tidemark.rounds),
    }
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}

const targetOf = (server: Child<Listening>, decides: boolean): Target => ({
  server,
  decides,
  rounds: [],
})

async function runRounds(
  load: Child<object>,
  targets: readonly Target[],
  databaseUrl: string,
): Promise<void> {
  const run = async ({ server, decides }: Target): Promise<Figures> => {
    const order = {
      kind: 'round',
      url: server.ready.url,
      devices: DEVICES,
      mutations: MUTATIONS,
      concurrency: CONCURRENCY,
      decides,
    } as const
    const before = await cpuUs(server)
    const figures = await load.ask<RoundFigures>(order satisfies Order)
    return { ...figures, cpuUsPerMutation: ((await cpuUs(server)) - before) / (DEVICES * MUTATIONS) }
  }
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    for (const target of targets) await run(target)
  }
  // What autovacuum does within a minute: until then PostgreSQL plans for tables that it believes empty.
  await inDatabase(databaseUrl, (client) => client.query('ANALYZE'))
  for (let round = 0; round < ROUNDS; round++) {
    for (const target of targets) target.rounds.push(await run(target))
  }
}

async function cpuUs(server: Child<Listening>): Promise<number> {
  const { user, system } = await server.ask<NodeJS.CpuUsage>({})
  return user + system
}

/** A figure of a server that lost something would mean nothing. */
async function checkAllStored(databaseUrl: string, mutations: number): Promise<void> {
  const counted = await inDatabase(databaseUrl, (client) =>
    client.query<{ changes: number; records: number; fsync: string }>(
      `SELECT (SELECT count(*)::int FROM change_log) AS changes, (SELECT count(*)::int FROM record) AS records,
        current_setting('fsync') AS fsync`,
    ),
  )
  const [row] = counted.rows
  if (row?.changes !== mutations || row.records !== mutations || row.fsync !== 'on') {
    throw new Error(`${mutations} mutations were acknowledged, the database has ${JSON.stringify(row)}`)
  }
}

async function inDatabase<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function medianOf(rounds: readonly Figures[]): Figures {
  const median = (figure: keyof Figures): number => {
    const sorted = rounds.map((round) => round[figure]).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  }
  return {
    mutationsPerSecond: median('mutationsPerSecond'),
    p50Ms: median('p50Ms'),
    p99Ms: median('p99Ms'),
    cpuUsPerMutation: median('cpuUsPerMutation'),
  }
}

/** The table as `npm run bench` prints it. */
export function pushTable({ parse, insert, tidemark }: PushBench): string {
  const row = (name: string, figures: Figures): string => {
    const { mutationsPerSecond, p50Ms, p99Ms, cpuUsPerMutation } = figures
    const ratio = (tidemark.mutationsPerSecond / mutationsPerSecond).toFixed(2)
    const rate = Math.round(mutationsPerSecond).toLocaleString('en-US')
    return `| ${name} | ${rate} | ${p50Ms.toFixed(1)} | ${p99Ms.toFixed(1)} | ${cpuUsPerMutation.toFixed(0)} | ${ratio} |`
  }
  const devices = DEVICES.toLocaleString('en-US')
  return [
    `### Pushes of ${MUTATIONS} mutations from ${devices} devices, concurrency ${CONCURRENCY}`,
    '',
    '| server | mutations/s | p50 ms | p99 ms | Node CPU µs/mutation | Tidemark ÷ this |',
    '|---|---:|---:|---:|---:|---:|',
    row('ceiling 1: bare `node:http`, reads and parses', parse),
    row('ceiling 2: the same and one `unnest` transaction a stream', insert),
    row('Tidemark', tidemark),
  ].join('\n')
}
