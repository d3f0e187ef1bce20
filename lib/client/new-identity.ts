import { formatHlc, parseHlc } from '#lib/kernel/hlc.ts'
import type { Random } from '#lib/kernel/random.ts'
import { assert } from '#lib/kernel/result.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import { saveEntry } from './outbox.ts'
import type { StoreTx } from './store.ts'
import type { Identity, OutboxEntry } from './tables.ts'
import { eachRow, getMeta, setMeta } from './tables.ts'

/** A device that the server has not met; with an id where the app names one. */
export const newIdentity = (deviceId: string | undefined, nowMs: number, random: Random): Identity => ({
  deviceId: deviceId ?? uuidv7(nowMs, random),
  enrollRequestId: uuidv7(nowMs, random),
  fleetId: null,
  epoch: null,
  token: null,
})

/** Stamps name their device: those of the changes that wait, and the clock's own, take another name. */
export async function renameStamps(tx: StoreTx, deviceId: string): Promise<void> {
  const renamed = (hlc: string): string => {
    const parsed = parseHlc(hlc)
    assert(parsed.ok, 'a stored HLC is one of ours')
    return formatHlc({ ...parsed.value, deviceId })
  }
  const hlc = await getMeta(tx, 'hlc')
  if (hlc !== null) await setMeta(tx, 'hlc', renamed(hlc))
  await eachRow<OutboxEntry>(tx, 'outbox', '', async (entry) => {
    await saveEntry(tx, { ...entry, mutation: { ...entry.mutation, hlc: renamed(entry.mutation.hlc) } })
    return true
  })
}
