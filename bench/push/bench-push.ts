import type { BenchDatabase } from '../postgres.ts'
import type { Processes, Server } from '../processes.ts'
import { inDatabase } from '../processes.ts'
import type { PushRun } from './push-rounds.ts'
import { benchPushes } from './push-rounds.ts'

const CEILING = new URL('./ceiling-server.ts', import.meta.url)

const ceilings = async (processes: Processes): Promise<Readonly<Record<string, Server>>> => ({
  'ceiling 1: bare `node:http`, reads and parses': await processes.server(CEILING, ['parse']),
  'ceiling 2: the same and one `unnest` transaction a stream': await processes.server(CEILING, ['insert']),
})

/** The first mark of the product's performance. */
export const benchPush = (database: BenchDatabase): Promise<string> =>
  benchPushes(database, {
    title: 'Pushes of 50 mutations from 1,000 devices, concurrency 16',
    devices: 1_000,
    pushes: 1_000,
    mutations: 50,
    concurrency: 16,
    // Servers run for weeks: V8 compiles the code of a push anew until some 300,000 mutations went through it.
    warmUp: 6,
    measured: 5,
    others: ceilings,
    withPeer: true,
    check: checkAllStored,
  })

/** One mutation a push from many devices at once: what a group commit is for. */
export const benchSmallPushes = (database: BenchDatabase): Promise<string> =>
  benchPushes(database, {
    title: 'Pushes of one mutation, 64 connections',
    devices: 1_000,
    pushes: 4_000,
    mutations: 1,
    concurrency: 64,
    warmUp: 12,
    measured: 5,
    others: async (processes) => ({
      ...(await ceilings(processes)),
      'a route handler of Next that does what ceiling 2 does': await processes.server(
        new URL('./next-server.ts', import.meta.url),
      ),
    }),
    withPeer: false,
    check: checkAllStored,
  })

/** A figure of a server that lost something would mean nothing. */
async function checkAllStored(database: BenchDatabase, { fleetId, mutations }: PushRun): Promise<void> {
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
