/** What the holder of a device can ask of it beside the SDK's own calls. */
import type { Replica } from '#lib/client/replica.ts'
import type { ReplicaStore } from '#lib/client/store.ts'
import { getMeta, startOver } from '#lib/client/tables.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'

const TIMEOUT_MS = 20_000

/** Marks the store so that the next session reads everything anew; changes that wait stay and are sent (TK4). */
export const readAnew = (store: ReplicaStore): Promise<void> => store.transact((tx) => startOver(tx, 'other'))

/** An id for a record that is to be made: later ones sort after earlier ones. */
export const newRecordId = (): string => uuidv7(Date.now(), Math.random)

/** Whether this store is a device already, in a fleet or on its way into one; null for a store that is empty. */
export const whoIs = async (
  store: ReplicaStore,
): Promise<{ readonly deviceId: string; readonly fleetId: string | null } | null> => {
  const identity = await store.transact((tx) => getMeta(tx, 'identity'))
  return identity && { deviceId: identity.deviceId, fleetId: identity.fleetId }
}

export interface DiagnosticsOptions {
  readonly replica: Replica
  readonly store: ReplicaStore
  /** The server's base URL. */
  readonly url: string
  /** `<version>;<platform>`, as the SDK names the app. */
  readonly app: string
}

/**
 * Sends this device's account of itself.
 * @throws Error with a sentence for the person where it could not be sent
 */
export async function sendDiagnostics({ replica, store, url, app }: DiagnosticsOptions): Promise<void> {
  const token = (await store.transact((tx) => getMeta(tx, 'identity')))?.token ?? null
  if (token === null) throw new Error('This device is in no fleet yet, so there is nobody to send it to.')
  const body = JSON.stringify(await replica.diagnostics())
  const answer = await fetch(`${url}/api/v1/diagnostics`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'tidemark-app': app,
    },
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => {
    throw new Error('The server could not be reached. Try again when there is a network.')
  })
  if (!answer.ok) throw new Error(`The server did not take it (${answer.status}). Sync, then try again.`)
}
