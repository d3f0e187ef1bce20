import type { SessionState } from '#lib/protocol/session-states.ts'
import { readOffset } from './device-clock.ts'
import { depthOf, getCounts, oldestPending } from './outbox.ts'
import type { StoreTx } from './store.ts'
import { getMeta, identityOf } from './tables.ts'

/** How the replica stands, for the app and its user. Times are ISO, by the raw device clock. */
export interface ReplicaStatus {
  readonly state: SessionState
  /** By the app's `pause()`, or by an operator's command. */
  readonly paused: 'no' | 'here' | 'by_server'
  readonly deviceId: string
  /** Null before the device is enrolled. */
  readonly fleetId: string | null
  /** Changes that the server has not answered yet. */
  readonly pending: number
  readonly oldestPendingAt: string | null
  /** Changes that the server will not take; they stand in `refusals$`. */
  readonly refused: number
  /** Server minus device; null before the first answer. */
  readonly clockOffsetMs: number | null
  /** Devices before this one in the server's queue of full syncs; null when it waits for none. */
  readonly resyncPlace: number | null
  /** End of the last session that went well, since this opening. */
  readonly lastSyncedAt: string | null
  readonly nextSyncAt: string | null
  /**
   * `full`: a write found no room; changes are refused with `quota_exceeded` until there is some, sessions go on.
   * `rebuilding`: it was damaged, and is being read anew from the server (`recoveries$` has what was lost).
   */
  readonly storeHealth: 'ok' | 'full' | 'rebuilding'
  /** Why the last session did not go well: an error code of the server, or of the connection. `http_413` after a good one: a gateway keeps a change back. */
  readonly problem: string | null
}

/** The part of the status that stands in the store. */
export type StoredStatus = Pick<
  ReplicaStatus,
  'deviceId' | 'fleetId' | 'pending' | 'oldestPendingAt' | 'refused' | 'clockOffsetMs' | 'resyncPlace'
> & {
  readonly pausedByServer: boolean
  readonly storeHealth: 'ok' | 'rebuilding'
}

export async function readStoredStatus(tx: StoreTx): Promise<StoredStatus> {
  const { deviceId, fleetId } = await identityOf(tx)
  const counts = await getCounts(tx)
  return {
    deviceId,
    fleetId,
    pending: depthOf(counts),
    oldestPendingAt: (await oldestPending(tx))?.mutation.madeAt ?? null,
    refused: counts.refusals,
    clockOffsetMs: (await readOffset(tx))?.offsetMs ?? null,
    resyncPlace: await getMeta(tx, 'resyncPlace'),
    pausedByServer: (await getMeta(tx, 'pausedByServer')) ?? false,
    storeHealth: (await getMeta(tx, 'position'))?.fullReason === 'corrupt_store' ? 'rebuilding' : 'ok',
  }
}
