import pg from 'pg'
import { SERVER_NODE_OPTIONS } from '../scripts/launch/server-options.mjs'
import type { Child } from './child.ts'
import { startChild } from './child.ts'
import type { BenchDatabase } from './postgres.ts'
import type { Listening, Usage, UsageAsked } from './push/serve.ts'
import type { SetUpFleet } from './set-up-fleet.ts'

export type Server = Child<Listening>

/** The processes of one table, which end with it. */
export interface Processes {
  /** Tidemark, with a fleet of its own, these settings, and these collections beside the demo's. */
  tidemark(settings?: object, collections?: readonly object[]): Promise<Child<Listening & SetUpFleet>>
  /** A server that stands beside it, under the same options of Node. */
  server(file: URL, args?: readonly string[]): Promise<Server>
  load(file: URL): Promise<Child<object>>
}

export async function withProcesses<T>(
  { env }: BenchDatabase,
  work: (processes: Processes) => Promise<T>,
): Promise<T> {
  const children: Child<unknown>[] = []
  const kept = async <Ready>(starting: Promise<Child<Ready>>): Promise<Child<Ready>> => {
    const child = await starting
    children.push(child)
    return child
  }
  const options = { env, nodeArgs: [...SERVER_NODE_OPTIONS, '--expose-gc'] }
  try {
    return await work({
      tidemark: (settings = {}, collections = []) => {
        const args = ['bench', JSON.stringify(settings), JSON.stringify(collections)]
        return kept(startChild(new URL('./device-server.ts', import.meta.url), { ...options, args }))
      },
      server: (file, args = []) => kept(startChild(file, { ...options, args })),
      load: (file) => kept(startChild(file)),
    })
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}

/** What a server process has used so far. */
export const usageOf = (server: Server, asked: UsageAsked = {}): Promise<Usage> => server.ask<Usage>(asked)

export async function inDatabase<T>(
  { env }: BenchDatabase,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: env.DATABASE_URL })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** What autovacuum does within a minute: until then PostgreSQL plans for tables that it believes empty. */
export const analyze = (database: BenchDatabase): Promise<unknown> =>
  inDatabase(database, (client) => client.query('ANALYZE'))
