import { setTimeout as pause } from 'node:timers/promises'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { noteTrial, quantile, rounds } from '#tests/support/trials.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import { effectsOf } from './effects.ts'
import { startLoad } from './load.ts'
import type { OwnDatabase } from './own-database.ts'
import { startOwnDatabase } from './own-database.ts'
import type { Server } from './servers.ts'
import { startServer } from './servers.ts'
import type { SmallDisk } from './small-disk.ts'
import { mountSmallDisk } from './small-disk.ts'
import { makeTrialFleet } from './trial-fleet.ts'

const ROUNDS = rounds(1, 10)
/** One writer: too few failures for a breaker, whose wait would be all that this trial shows. */
const LIGHT_LOAD = { writers: 1, replicas: 0, retryMs: 500 }
const NOTICED_WITHIN_MS = 20_000
/** The supervisor tries a database without room again every 2 s. */
const BACK_WITHIN_S = 15
const STATEMENTS_MAX = 5_000
const TRIAL_TIMEOUT_MS = rounds(90_000, 900_000)

/** Where no file system can be mounted the database itself raises what it raises on a full disk. */
const RAISE = `
  CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
  CREATE TRIGGER no_room BEFORE INSERT ON change_log EXECUTE FUNCTION no_room()`

describe('the disk of the database fills up', () => {
  let disk: SmallDisk | null
  let database: OwnDatabase
  let server: Server
  let fleet: SetUpFleet
  beforeAll(async () => {
    disk = await mountSmallDisk()
    database = await startOwnDatabase(disk ? path.join(disk.dir, 'data') : undefined)
    fleet = await makeTrialFleet(database.url)
    server = await startServer(database.url)
  })
  afterAll(async () => {
    try {
      await server.stop()
      await database.stop()
    } finally {
      await disk?.remove()
    }
  })

  /** On a full disk there is no room for a new connection's cache: this one is made before. */
  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: database.url })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  /** Changes rows in place until PostgreSQL has no room for its log, which ends it and the connection. */
  async function useUpTheLog(client: pg.Client): Promise<void> {
    for (let n = 0; n < STATEMENTS_MAX; n++) {
      const isOver = await client.query('UPDATE churn SET n = n + 1').then(
        () => false,
        (error: { code?: string }) => error.code !== '53100',
      )
      if (isOver) return
    }
    throw new Error('the log never ended')
  }

  it(
    'pushes are told to come again, nothing acknowledged is lost, and the same server goes on once there is room',
    async () => {
      const setUp = await connect()
      // Half of each page is free, so that an update needs no other.
      await setUp.query(
        'CREATE TABLE churn WITH (fillfactor = 40) AS SELECT n FROM generate_series(1, 1000) n',
      )
      await setUp.end()
      const load = await startLoad([server.ready.url], fleet.enrollmentKey, LIGHT_LOAD)
      onTestFinished(() => load.close())
      const backS: number[] = []
      while (backS.length < ROUNDS) {
        await pause(1_000)
        const client = await connect()
        const before = load.refused('database_unavailable')
        if (disk) disk.fill()
        else await client.query(RAISE)
        await expect
          .poll(() => load.refused('database_unavailable'), { timeout: NOTICED_WITHIN_MS })
          .toBeGreaterThan(before)
        if (disk) await useUpTheLog(client)
        await pause(1_000)
        if (disk) await disk.makeRoom()
        else await client.query('DROP FUNCTION no_room CASCADE')
        backS.push(await load.back(performance.now()))
        await client.end().catch(() => undefined)
      }
      const effects = await effectsOf(database.url, fleet.fleetId, await load.end())
      noteTrial({
        wanted: ROUNDS,
        done: backS.length,
        figures: {
          'on a file system of its own (1) or by a trigger (0)': disk ? 1 : 0,
          ...effects,
          'back after s, p95': quantile(backS, 0.95),
        },
      })
      expect(effects).toMatchObject({ lost: 0, twice: 0, diverged: 0 })
      expect(Math.max(...backS)).toBeLessThan(BACK_WITHIN_S)
    },
    TRIAL_TIMEOUT_MS,
  )
})
