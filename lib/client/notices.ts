import { CONFLICTS_ASKED_MAX } from '#lib/protocol/limits.ts'
import { forkParts } from './on-demand.ts'
import type { StoreTx } from './store.ts'
import type { ConflictNotice, DeadLetterNotice, LocalRefusal, RecoveryNotice } from './tables.ts'
import { allRows, eachRow, recordRowKey } from './tables.ts'

export const NOTICES_SHOWN_MAX = 1_000

export const conflictKey = (collection: string, recordId: string, conflictId: string): string =>
  `conflict/${recordRowKey(collection, recordId)}/${conflictId}`

/** What stands at `removalKey`: where the removal is among what is acknowledged, and the version that the server gave it. */
export interface Removal {
  readonly position: number
  readonly version: number
}
/** Of the device's own removal of a record (`removalOf`). */
export const removalKey = (collection: string, recordId: string): string =>
  `removal/${recordRowKey(collection, recordId)}`

export const conflictsOf = (
  tx: StoreTx,
  collection: string,
  recordId: string,
): Promise<readonly ConflictNotice[]> =>
  allRows<ConflictNotice>(tx, 'notices', conflictKey(collection, recordId, ''), NOTICES_SHOWN_MAX)

/** Everything that the app is told of, by the prefix of its rows. */
export interface Notices {
  readonly conflict: readonly ConflictNotice[]
  readonly dead_letter: readonly DeadLetterNotice[]
  readonly refusal: readonly LocalRefusal[]
  readonly recovery: readonly RecoveryNotice[]
}

/** Each kind in the order of its keys, at most NOTICES_SHOWN_MAX of it. What is nobody else's business has other prefixes. */
export async function listNotices(tx: StoreTx): Promise<Notices> {
  const shown = <T>(kind: keyof Notices): Promise<readonly T[]> =>
    allRows<T>(tx, 'notices', `${kind}/`, NOTICES_SHOWN_MAX)
  return {
    conflict: await shown('conflict'),
    dead_letter: await shown('dead_letter'),
    refusal: await shown('refusal'),
    recovery: await shown('recovery'),
  }
}

/** After a pull that left nothing to read. */
export async function closeNotedDecided(tx: StoreTx): Promise<void> {
  await eachRow<ConflictNotice>(tx, 'notices', 'conflict/', async (notice) => {
    if (notice.decided) await forkParts().closeConflict(tx, notice)
    return true
  })
}

/** Conflicts to ask the server about. */
export async function unsureConflicts(tx: StoreTx): Promise<readonly ConflictNotice[]> {
  const unsure: ConflictNotice[] = []
  await eachRow<ConflictNotice>(tx, 'notices', 'conflict/', (notice) => {
    if (notice.unsure && !notice.decided) unsure.push(notice)
    return unsure.length < CONFLICTS_ASKED_MAX
  })
  return unsure
}
