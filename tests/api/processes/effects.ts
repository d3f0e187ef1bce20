import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Replica } from '#lib/client/replica.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import type { LoadOutcome } from './load.ts'
import { DRAINED_WITHIN_MS } from './load.ts'
import { rowsOf } from './servers.ts'
import { TALLIES } from './trial-fleet.ts'

const REPORTS = 'strike-reports'
const LOOK_EVERY_MS = 250

export interface Effects {
  readonly acknowledged: number
  /** Acknowledged mutations and counted steps that the database doesn't have. */
  readonly lost: number
  /** Versions beyond one a mutation, records beyond one a creation, and steps that count again. */
  readonly twice: number
  /** Records that a device of the SDK doesn't have as the server has them, after all the time that it may take. */
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
  await expect.poll(() => pendingOf(replicas), { timeout: DRAINED_WITHIN_MS }).toBe(0)
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
    'SELECT record_id, collection, data::json FROM record WHERE fleet_id = $1',
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

/** How many records this replica has not as the server has them; it has `DRAINED_WITHIN_MS` to read them. */
async function differencesOf(replica: Replica, records: readonly Stored[]): Promise<number> {
  const untilMs = performance.now() + DRAINED_WITHIN_MS
  let left = records
  for (;;) {
    const apart: Stored[] = []
    // One by one: a query gives 10,000 at most.
    for (const record of left) {
      const view = await replica.collection(record.collection).get(record.record_id)
      if (!jsonEqual(view?.data ?? null, record.data)) apart.push(record)
    }
    left = apart
    if (left.length === 0 || performance.now() >= untilMs) return left.length
    await pause(LOOK_EVERY_MS)
  }
}
