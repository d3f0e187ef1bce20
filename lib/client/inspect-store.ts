import type { Json } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import { ReplicaError } from './errors.ts'
import { depthOf, getCounts, recordIndexKey } from './outbox.ts'
import type { StoreTx, Table } from './store.ts'
import { isSoundMeta, isSoundRow } from './stored-shapes.ts'
import type { Counts, OutboxEntry } from './tables.ts'
import { eachRow, getMeta } from './tables.ts'

/** `miscounted`: every row is there, and only the sums are old: the last opening ended in a full store (tight-store.ts). */
export type Finding = 'sound' | 'miscounted' | 'damaged'

/** Whether the rows that everything stands on are sound and fit together; records are looked at when they are read. */
export async function inspect(tx: StoreTx): Promise<Finding> {
  try {
    const rows = await tx.scan('meta', { limit: 1_000 })
    if (!rows.every(({ key, value }) => isSoundMeta(key, value))) return 'damaged'
    if (!(await isSoundTable(tx, 'outbox')) || !(await isSoundTable(tx, 'notices'))) return 'damaged'
    const waiting = await countWaiting(tx)
    const isNew = rows.length === 0 && waiting !== null && depthOf({ outbox: waiting }) === 0
    const identity = await getMeta(tx, 'identity')
    if (!waiting || (!isNew && identity === null)) return 'damaged'
    const counts = await getCounts(tx)
    if (identity && identity.token !== null && (await getMeta(tx, 'reportSeq')) === null) return 'miscounted'
    const fitsCounts =
      jsonEqual(counts.outbox, waiting) && counts.acknowledged === (await tx.count('acknowledged'))
    return fitsCounts ? 'sound' : 'miscounted'
  } catch (error) {
    if (error instanceof ReplicaError && error.code === 'store_corrupt') return 'damaged'
    throw error
  }
}

/** The waiting changes by collection; null where an index names others than the outbox has. */
async function countWaiting(tx: StoreTx): Promise<Counts['outbox'] | null> {
  const named = new Set<string>()
  const counts = new Map<string, number>()
  await eachRow<OutboxEntry>(tx, 'outbox', '', (entry) => {
    const { collection, id } = entry.mutation
    counts.set(collection, (counts.get(collection) ?? 0) + 1)
    return named.add(`${id} ${entry.position}`).add(recordIndexKey(entry)).size > 0
  })
  let fits = true
  const takeOff = (name: string): boolean => (fits = named.delete(name))
  await eachRow<number>(tx, 'outbox_by_id', '', (position, id) => takeOff(`${id} ${position}`))
  if (fits) await eachRow(tx, 'outbox_by_record', '', (_, key) => takeOff(key))
  return fits && named.size === 0 ? Object.fromEntries(counts) : null
}

async function isSoundTable(tx: StoreTx, table: Table): Promise<boolean> {
  let isSound = true
  await eachRow<Json>(tx, table, '', (value, key) => (isSound = isSoundRow(table, key, value)))
  return isSound
}
