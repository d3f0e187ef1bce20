import { afterAll, beforeAll } from 'vitest'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import type { Server } from './servers.ts'
import { rowsOf, startServer } from './servers.ts'
import { makeTrialFleet } from './trial-fleet.ts'

export interface TwoProcesses extends SetUpFleet {
  readonly database: TestDatabase
  readonly servers: readonly Server[]
  /** Of either in turn. */
  urlOf(turn: number): string
  /** What the fleet's rows in the database say. */
  select<R extends object>(text: string, values?: readonly unknown[]): Promise<readonly R[]>
}

/** Two server processes over a database of their own, with a trial fleet in it, for the tests of this file. */
export function twoProcesses(): () => TwoProcesses {
  let current: TwoProcesses | null = null
  beforeAll(async () => {
    const database = await createTestDatabase()
    const fleet = await makeTrialFleet(database.url)
    const servers = [await startServer(database.url), await startServer(database.url)]
    current = {
      ...fleet,
      database,
      servers,
      urlOf: (turn) => servers[turn % servers.length]?.ready.url ?? '',
      select: (text, values = []) => rowsOf(database.url, fleet.fleetId, text, values),
    }
  })
  afterAll(async () => {
    await Promise.all((current?.servers ?? []).map((server) => server.stop()))
    await current?.database.drop()
  })
  return () => {
    if (!current) throw new Error('the servers are started in beforeAll')
    return current
  }
}
