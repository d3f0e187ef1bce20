import type { RetentionBatches } from '../ports.ts'
import type { Keep, Partition } from '../partitions.ts'
import { CUT_TABLES, isPast, partitionAt, partitionNamed, partitionsIn } from '../partitions.ts'
import { dayOf, dayStartMs } from '../retention.ts'
import type { Database, Statement } from './database.ts'
import { isContention } from './storage-errors.ts'
import { at } from './values.ts'

const NAMES: Statement = { name: 'partition_names', text: 'SELECT tidemark_partitions() AS name' }
const MAKE: Statement = {
  name: 'partition_make',
  text: 'SELECT tidemark_make_partition($1, $2::date) AS done',
}
const DROP: Statement = { name: 'partition_drop', text: 'SELECT tidemark_drop_partition($1, $2, $3) AS done' }
const DROP_STRAYS: Statement = {
  name: 'partition_drop_strays',
  text: 'SELECT tidemark_drop_strays($1, $2, $3) AS count',
}
const STRAYS: Statement = {
  name: 'partition_strays',
  text: 'SELECT cut, day::text AS day, count FROM tidemark_strays()',
}
const FLOOR: Statement = {
  name: 'partition_floor',
  text: `SELECT at FROM partition_floor WHERE cut = 'telemetry_event'`,
}
/** Days that get a partition because of rows that came late, in one run: more go on in the next. */
const ADOPTED_MAX = 50

const dateOf = (ms: number): string => at(ms).toISOString().slice(0, 10)

/** Makes what is missing of them, each in its own transaction; false when somebody held one up. */
async function makeMissing(database: Database, wanted: readonly Partition[]): Promise<boolean> {
  const there = new Set(await namesOf(database))
  let all = true
  for (const { table, name, startMs } of wanted) {
    if (there.has(name)) continue
    all = (await unlessHeldUp(database, MAKE, [table.name, dateOf(startMs)])) && all
  }
  return all
}

const namesOf = async (database: Database): Promise<readonly string[]> =>
  (await database.inGlobal((send) => send<{ name: string }>(NAMES, []))).map(({ name }) => name)

/** False when another transaction was in the way: whoever asks tries again, and nobody waits behind us meanwhile. */
async function unlessHeldUp(
  database: Database,
  statement: Statement,
  values: readonly unknown[],
): Promise<boolean> {
  try {
    await database.inGlobal((send) => send(statement, values))
    return true
  } catch (error) {
    if (isContention(error)) return false
    throw error
  }
}

/** MaintenancePort.ensurePartitions */
export const ensurePartitions = (database: Database, nowMs: number, aheadDays: number): Promise<boolean> =>
  makeMissing(database, partitionsIn(dayStartMs(dayOf(nowMs) - 1), dayStartMs(dayOf(nowMs) + aheadDays)))

/** Drops the partitions that are past, and rows as old that never had one. */
export async function dropPast(
  database: Database,
  nowMs: number,
  keep: Keep,
  { size, rounds }: RetentionBatches,
): Promise<{ dropped: readonly string[]; deleted: number; more: boolean }> {
  const dropped: string[] = []
  let deleted = 0
  let more = false
  for (const partition of (await namesOf(database)).map(partitionNamed)) {
    if (!isPast(partition, nowMs, keep)) continue
    const { table, name } = partition
    const values = [table.name, name, at(nowMs - keep[table.kept])]
    if (await unlessHeldUp(database, DROP, values)) dropped.push(name)
    else more = true
  }
  for (const table of CUT_TABLES) {
    // Whole periods, as with partitions: a bucket and the events in it end together.
    const before = at(partitionAt(table, nowMs - keep[table.kept]).startMs)
    let last = size
    for (let round = 0; round < rounds && last >= size; round++) {
      const [row] = await database.inGlobal((send) =>
        send<{ count: number }>(DROP_STRAYS, [table.name, before, size]),
      )
      last = row?.count ?? 0
      deleted += last
    }
    more ||= last >= size
  }
  return { dropped, deleted, more }
}

interface StrayRow extends Record<string, unknown> {
  readonly cut: string
  readonly day: string
  readonly count: number
}
const straysOf = (database: Database): Promise<readonly StrayRow[]> =>
  database.inGlobal((send) => send<StrayRow>(STRAYS, []))

/** Gives the rows that came late a partition of their period; false when some are left for another run. */
export async function adoptStrays(database: Database, nowMs: number): Promise<boolean> {
  const wanted = new Map<string, Partition>()
  for (const { cut, day } of await straysOf(database)) {
    const table = CUT_TABLES.find(({ name }) => name === cut)
    const partition = table && partitionAt(table, Date.parse(day))
    if (partition && partition.startMs <= nowMs) wanted.set(partition.name, partition)
  }
  const all = [...wanted.values()]
  return (await makeMissing(database, all.slice(0, ADOPTED_MAX))) && all.length <= ADOPTED_MAX
}

/** MaintenancePort.strayRows */
export const countStrays = async (database: Database): Promise<number> =>
  (await straysOf(database)).reduce((sum, { count }) => sum + count, 0)

/** MaintenancePort.eventsWholeFromMs */
export async function eventsWholeFromMs(database: Database): Promise<number> {
  const [row] = await database.inGlobal((send) => send<{ at: Date }>(FLOOR, []))
  return row?.at.getTime() ?? 0
}
