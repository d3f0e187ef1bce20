import { randomUUID } from 'node:crypto'
import type { BenchDatabase } from '../postgres.ts'
import { inDatabase } from '../processes.ts'
import type { Order } from './load.ts'
import type { PushRun } from './push-rounds.ts'
import { benchPushes } from './push-rounds.ts'

const CEILING = new URL('./ceiling-server.ts', import.meta.url)
const UPSERT = 'ceiling 2: the same and one upsert of the newest stamps'

/** Fifty devices that write a hundred records against each other, under `lww`. */
export const benchConflict = (database: BenchDatabase): Promise<string> =>
  benchPushes(database, {
    title: 'Conflicts: 50 devices, 100 records, 10,000 mutations in pushes of 50, concurrency 16',
    devices: 50,
    pushes: 200,
    mutations: 50,
    concurrency: 16,
    warmUp: 15,
    measured: 5,
    hot: Array.from({ length: 100 }, () => randomUUID()),
    others: async (processes) => ({
      'ceiling 1: bare `node:http`, reads and parses': await processes.server(CEILING, ['parse']),
      [UPSERT]: await processes.server(CEILING, ['upsert']),
    }),
    withPeer: false,
    check: checkWinners,
  })

/** Of each record the newest stamp that was ever sent must stand, in the ceiling as well. */
async function checkWinners(database: BenchDatabase, { load, tidemark, others }: PushRun): Promise<void> {
  const stored = {
    [tidemark.ready.url]:
      `SELECT record_id, data::json->>'remarks' AS hlc FROM record WHERE collection = 'inspections'`,
    [others[UPSERT]?.ready.url ?? '']: 'SELECT record_id, hlc FROM bench_hot',
  }
  for (const [url, text] of Object.entries(stored)) {
    const sent = await load.ask<Readonly<Record<string, string>>>({ kind: 'winners', url } satisfies Order)
    const { rows } = await inDatabase(database, (client) =>
      client.query<{ record_id: string; hlc: string }>(text),
    )
    const wrong = rows.filter(({ record_id, hlc }) => sent[record_id] !== hlc)
    if (wrong.length > 0 || rows.length !== Object.keys(sent).length)
      throw new Error(`${wrong.length} of ${rows.length} records have the wrong winner at ${url}`)
  }
}
