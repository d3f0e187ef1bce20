import type { Mutation } from '#lib/protocol/mutation.ts'
import { actorOf, movedMutation } from './moved-mutation.ts'
import { addEntry, bytesOf, findEntries, takePosition } from './outbox.ts'
import type { StoreTx } from './store.ts'
import type { AcknowledgedEntry, OutboxEntry, Place } from './tables.ts'
import { getRow, positionKey } from './tables.ts'

/** A change that the server once took. Without a place, it was noted by a version of the SDK that kept none. */
export type Taken = Pick<AcknowledgedEntry, 'mutation'> & Partial<Place>

/** As the work of the id that the device has now. */
export function takenFrom(mutation: Mutation, place: Place | undefined, deviceId: string): Taken {
  const actor = actorOf(mutation)
  const under = place?.under ?? (actor === deviceId ? undefined : actor)
  return { ...place, under, mutation: movedMutation(mutation, deviceId) }
}

/** Under its id and in its old place, before what was made after it. False when it waits already. */
export async function sendAgain(
  tx: StoreTx,
  { mutation, position, counted, under, version }: Taken,
  asked?: true,
): Promise<boolean> {
  if ((await findEntries(tx, [mutation.id])).length > 0) return false
  const isFree =
    position !== undefined && (await getRow<OutboxEntry>(tx, 'outbox', positionKey(position))) === null
  await addEntry(tx, {
    position: isFree ? position : await takePosition(tx),
    mutation,
    bytes: bytesOf(mutation),
    sends: 1,
    notBeforeMs: null,
    counted,
    asked,
    acknowledged: true,
    // What went out under this id stays as it was; what counted under another one is made anew, on top (FK3).
    restored: asked || under === undefined || undefined,
    readBefore: 2,
    made: [under ?? actorOf(mutation), version ?? Number.MAX_SAFE_INTEGER],
  })
  return true
}
