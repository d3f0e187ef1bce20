import { formatHlc, parseHlc } from '#lib/kernel/hlc.ts'
import { assert } from '#lib/kernel/result.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { eachOutboxEntry, saveEntry } from './outbox.ts'
import type { ReplicaContext } from './run.ts'
import type { StoreTx } from './store.ts'
import type { AcknowledgedEntry } from './tables.ts'
import { eachRow, getMeta, identityOf, putRow, setMeta, startOver } from './tables.ts'

type Source = Pick<ReplicaContext, 'clock' | 'random'>

/**
 * The id is in use: our own enrollment of more than a day ago, or a copied store. Nothing was pushed under it, so
 * the pending changes take a new one.
 */
export async function takeNewIdentity(tx: StoreTx, { clock, random }: Source): Promise<void> {
  const identity = await identityOf(tx)
  const deviceId = uuidv7(clock.now(), random)
  const enrollRequestId = uuidv7(clock.now(), random)
  await setMeta(tx, 'identity', { ...identity, deviceId, enrollRequestId })
  await moveStamps(tx, deviceId)
}

/**
 * Another copy of this store goes on under our id (409 `device_forked`). This one enrolls again under a new id and
 * proves the old one by its token: the server then knows what had an effect already. All that was not acknowledged
 * keeps its mutation ids; the position was the old id's, so everything is read anew.
 */
export async function leaveForkedIdentity(tx: StoreTx, { clock, random }: Source): Promise<void> {
  const identity = await identityOf(tx)
  if (identity.token === null) return
  const former = { deviceId: identity.deviceId, token: identity.token }
  const deviceId = uuidv7(clock.now(), random)
  const enrollRequestId = uuidv7(clock.now(), random)
  await setMeta(tx, 'identity', { ...identity, deviceId, enrollRequestId, token: null, former })
  await setMeta(tx, 'inFlight', null)
  await startOver(tx, 'device_forked')
  await setMeta(tx, 'commands', null)
  await setMeta(tx, 'errands', null)
  await moveStamps(tx, deviceId)
}

/** Stamps name their device: those of the clock, of what waits, and of what may be sent again after a restore. */
async function moveStamps(tx: StoreTx, deviceId: string): Promise<void> {
  const hlc = await getMeta(tx, 'hlc')
  if (hlc !== null) await setMeta(tx, 'hlc', movedStamp(hlc, deviceId))
  await eachOutboxEntry(tx, async (entry) => {
    await saveEntry(tx, { ...entry, mutation: movedMutation(entry.mutation, deviceId) })
  })
  await eachRow<AcknowledgedEntry>(tx, 'acknowledged', '', async (kept, key) => {
    await putRow(tx, 'acknowledged', key, { ...kept, mutation: movedMutation(kept.mutation, deviceId) })
    return true
  })
}

function movedStamp(hlc: string, deviceId: string): string {
  const parsed = parseHlc(hlc)
  assert(parsed.ok, 'a stored HLC is one of ours')
  return formatHlc({ ...parsed.value, deviceId })
}

/** The same change by the same mutation id, as the device's new id made it. */
export const movedMutation = (mutation: Mutation, deviceId: string): Mutation => ({
  ...mutation,
  hlc: movedStamp(mutation.hlc, deviceId),
})
