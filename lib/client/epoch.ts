import type { Mutation } from '#lib/protocol/mutation.ts'
import { spoilDots } from './device-dots.ts'
import { actorOf, movedMutation } from './moved-mutation.ts'
import { forkParts } from './on-demand.ts'
import {
  ACKNOWLEDGED_KEPT_MS,
  ACKNOWLEDGED_MAX,
  addEntry,
  bytesOf,
  findEntries,
  getCounts,
  takePosition,
} from './outbox.ts'
import type { StoreTx } from './store.ts'
import type { AcknowledgedEntry, ConflictNotice, OutboxEntry, Place } from './tables.ts'
import { allRows, eachRow, getRow, identityOf, positionKey, setMeta, startOver } from './tables.ts'

/** A change that the server once took. Without a place, it was noted by a version of the SDK that kept none. */
type Taken = Pick<AcknowledgedEntry, 'mutation'> & Partial<Place>

/**
 * The fleet was restored (TK6): what it may have forgotten goes back into the outbox, the push in flight is void, and
 * everything is read anew before the next push (SM5). Conflicts are the server's to find again.
 */
export async function changeEpoch(tx: StoreTx, nowMs: number): Promise<void> {
  await setMeta(tx, 'inFlight', null)
  await startOver(tx, 'epoch_changed')
  await spoilDots(tx)
  const taken = [...(await takeAcknowledged(tx, nowMs)), ...(await takeConflicts(tx))]
  const elsewhere: { readonly mutation: Mutation; readonly under: string }[] = []
  for (const one of taken) {
    const { mutation, under } = one
    if ((await sendAgain(tx, one)) && under !== undefined) elsewhere.push({ mutation, under })
  }
  for (const { mutation, under } of elsewhere) await forkParts().takeBack(tx, mutation, under)
}

async function takeAcknowledged(tx: StoreTx, nowMs: number): Promise<readonly Taken[]> {
  const rows = await allRows<AcknowledgedEntry>(tx, 'acknowledged', '', ACKNOWLEDGED_MAX)
  for (const { position } of rows) await tx.remove('acknowledged', positionKey(position))
  await setMeta(tx, 'counts', { ...(await getCounts(tx)), acknowledged: 0 })
  return rows.filter(({ acknowledgedAtMs }) => acknowledgedAtMs > nowMs - ACKNOWLEDGED_KEPT_MS)
}

/** All that a person had to decide, with its notices: of some the other copy was given up for room, or its week is over. */
async function takeConflicts(tx: StoreTx): Promise<readonly Taken[]> {
  const { deviceId } = await identityOf(tx)
  const taken: Taken[] = []
  await eachRow<ConflictNotice>(tx, 'notices', 'conflict/', async ({ mutations, places }, key) => {
    for (const mutation of mutations) {
      const actor = actorOf(mutation)
      const place = places?.[mutation.id]
      const under = place?.under ?? (actor === deviceId ? undefined : actor)
      taken.push({ ...place, under, mutation: movedMutation(mutation, deviceId) })
    }
    await tx.remove('notices', key)
    return true
  })
  return taken
}

/** Under its id and in its old place, before what was made after it. False when it waits already. */
async function sendAgain(tx: StoreTx, { mutation, position, counted, under }: Taken): Promise<boolean> {
  if ((await findEntries(tx, [mutation.id])).length > 0) return false
  const isFree =
    position !== undefined && (await getRow<OutboxEntry>(tx, 'outbox', positionKey(position))) === null
  const entry = {
    position: isFree ? position : await takePosition(tx),
    mutation,
    bytes: bytesOf(mutation),
    sends: 1,
    notBeforeMs: null,
    counted,
  }
  // What went out under this id stays as it was; what counted under another one is made anew, on top (FK3).
  await addEntry(tx, under === undefined ? { ...entry, restored: true } : entry)
  return true
}
