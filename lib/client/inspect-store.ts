import type { Json } from '#lib/kernel/json.ts'
import { ReplicaError } from './errors.ts'
import { depthOf, getCounts } from './outbox.ts'
import type { StoreTx, Table } from './store.ts'
import { isSoundMeta, isSoundRow } from './stored-shapes.ts'
import { eachRow, getMeta } from './tables.ts'

/** `miscounted`: every row is there, and only the sums are old: the last opening ended in a full store (tight-store.ts). */
export type Finding = 'sound' | 'miscounted' | 'damaged'

/** Whether the rows that everything stands on are sound and fit together; records are looked at when they are read. */
export async function inspect(tx: StoreTx): Promise<Finding> {
  try {
    const rows = await tx.scan('meta', { limit: 1_000 })
    if (!rows.every(({ key, value }) => isSoundMeta(key, value))) return 'damaged'
    if (!(await isSoundTable(tx, 'outbox')) || !(await isSoundTable(tx, 'notices'))) return 'damaged'
    const outbox = await tx.count('outbox')
    const fitsIndexes =
      outbox === (await tx.count('outbox_by_id')) && outbox === (await tx.count('outbox_by_record'))
    const isNew = rows.length === 0 && outbox === 0
    if (!fitsIndexes || (!isNew && (await getMeta(tx, 'identity')) === null)) return 'damaged'
    const counts = await getCounts(tx)
    const identity = await getMeta(tx, 'identity')
    if (identity && identity.token !== null && (await getMeta(tx, 'reportSeq')) === null) return 'miscounted'
    const fitsCounts = depthOf(counts) === outbox && counts.acknowledged === (await tx.count('acknowledged'))
    return fitsCounts ? 'sound' : 'miscounted'
  } catch (error) {
    if (error instanceof ReplicaError && error.code === 'store_corrupt') return 'damaged'
    throw error
  }
}

async function isSoundTable(tx: StoreTx, table: Table): Promise<boolean> {
  let isSound = true
  await eachRow<Json>(tx, table, '', (value, key) => (isSound = isSoundRow(table, key, value)))
  return isSound
}
