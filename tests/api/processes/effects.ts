import { setImmediate as immediate, setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Replica } from '#lib/client/replica.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import type { LoadOutcome } from './load.ts'
import { DRAINED_WITHIN_MS, WAITS_AT_MOST_MS } from './load.ts'
import { rowsOf } from './servers.ts'
import { TALLIES } from './trial-fleet.ts'

const REPORTS = 'strike-reports'
const LOOK_EVERY_MS = 250
const LOOKS_A_TURN = 100
/** The longest that a server may tell a device to wait, and a session behind it. */
const STANDS_STILL_AT_MOST_MS = WAITS_AT_MOST_MS + 5_000

export interface Effects {
  readonly acknowledged: number
  /** Acknowledged mutations and counted steps that the database doesn't have. */
  readonly lost: number
  /** Versions beyond one a mutation, records beyond one a creation, and steps that count again. */
  readonly twice: number
  /** Records that a device of the SDK doesn't have as the server has them when it no longer reads on. */
  readonly diverged: number
}

/**
 * Holds what the database has against what was acknowledged, once every device has sent all and read all. Read by SQL
 * and by the devices alone, without the engine.
 */
export async function effectsOf(
  databaseUrl: string,
  fleetId: string,
  { acknowledged, steps, tallyId, replicas, letWaitsEnd, strange }: LoadOutcome,
): Promise<Effects> {
  expect(strange).toEqual([])
  await letWaitsEnd()
  // A breaker may open once more on its way to be closed.
  await expect.poll(() => pendingOf(replicas), { timeout: WAITS_AT_MOST_MS + DRAINED_WITHIN_MS }).toBe(0)
  const ofFleet = <R extends object>(text: string) => rowsOf<R>(databaseUrl, fleetId, text, [fleetId])
  const logged = await ofFleet<{ mutation_id: string; collection: string; version: number }>(
    'SELECT mutation_id, collection, version::int FROM change_log WHERE fleet_id = $1 ORDER BY version',
  )
  // One version a mutation, without a gap: nothing ran twice and nothing was half done.
  for (const name of [REPORTS, TALLIES]) {
    const versions = logged.flatMap(({ collection, version }) => (collection === name ? [version] : []))
    expect(versions).toEqual(versions.map((_, i) => i + 1))
  }
  const records = await ofFleet<Stored>(
    'SELECT record_id, collection, data::json FROM record WHERE fleet_id = $1 ORDER BY collection, version',
  )
  const ids = new Set(logged.map(({ mutation_id: id }) => id))
  const stored = new Map(records.map(({ record_id: id, data }) => [id, data]))
  const gone = acknowledged.filter(
    ({ mutationId, recordId }) => !ids.has(mutationId) || !stored.has(recordId),
  )
  const made = new Set(acknowledged.map(({ recordId }) => recordId))
  const reports = records.filter(({ collection }) => collection === REPORTS)
  const surplus = reports.filter(({ record_id: id }) => !made.has(id))
  const counted = tallyId === null ? 0 : Number(stored.get(tallyId)?.['n'])
  const apart = await Promise.all(replicas.map((replica) => differencesOf(replica, records)))
  return {
    acknowledged: acknowledged.length + steps,
    lost: gone.length + Math.max(0, steps - counted),
    twice: surplus.length + Math.max(0, counted - steps),
    diverged: apart.reduce((sum, count) => sum + count, 0),
  }
}

const pendingOf = (replicas: readonly Replica[]): number =>
  replicas.reduce((sum, { status$ }) => sum + status$.get().pending, 0)

interface Stored {
  readonly record_id: string
  readonly collection: string
  readonly data: JsonObject
}

/**
 * How many records this replica has not as the server has them, in the order in which it reads them. It may take as long
 * as it goes on: what counts is that it never stands still for longer than it can be told to wait.
 */
async function differencesOf(replica: Replica, records: readonly Stored[]): Promise<number> {
  const isRead = async ({ collection, record_id: id, data }: Stored): Promise<boolean> =>
    jsonEqual((await replica.collection(collection).get(id))?.data ?? null, data)
  let at = 0
  let movedMs = performance.now()
  for (let record = records[at]; record; record = records[at]) {
    if (await isRead(record)) {
      at += 1
      movedMs = performance.now()
      // A store in memory answers without a turn of the event loop, and the device needs turns to read.
      if (at % LOOKS_A_TURN === 0) await immediate()
    } else if (performance.now() - movedMs < STANDS_STILL_AT_MOST_MS) await pause(LOOK_EVERY_MS)
    else break
  }
  let apart = 0
  for (const record of records.slice(at)) if (!(await isRead(record))) apart += 1
  return apart
}
