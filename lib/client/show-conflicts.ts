import type { AppSchemas } from './collection.ts'
import type { StoreTx } from './store.ts'
import type { ConflictNotice } from './tables.ts'
import { align, readGround } from './view.ts'

/**
 * The notices with the server's record under the schema version that `get` shows the device's own side in (DL5), as far
 * as this device can bring it up; else its `schemaVersion` says which one it is of.
 */
export async function showConflicts(
  tx: StoreTx,
  conflicts: readonly ConflictNotice[],
  schemas: AppSchemas,
): Promise<readonly ConflictNotice[]> {
  const shown: ConflictNotice[] = []
  for (const conflict of conflicts) {
    const { collection, recordId, record } = conflict
    const { config, version } = await readGround(tx, collection, recordId, schemas[collection])
    const theirs = record && align(config, { ...record, mark: null, orphan: false }, [], version).record
    if (!theirs) shown.push(conflict)
    else {
      const { mark: _, orphan: __, ...brought } = theirs
      shown.push({ ...conflict, record: brought })
    }
  }
  return shown
}
