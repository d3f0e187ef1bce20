import { openIndexedDbStore } from '#lib/client/indexeddb-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { ReplicaStore } from '#lib/client/store.ts'
import { whoIs } from '#components/status/device-acts.ts'

export const APP_VERSION = '1.0.0'
/** As the SDK names the app to the server. */
export const APP = `${APP_VERSION};web`
const STORE = 'field'
const NAME_DEFAULT = 'Field browser'

/** This device: its replica, and the store under it. */
export interface FieldDevice {
  readonly replica: Replica
  readonly store: ReplicaStore
}

/** True when there is a device in this browser already, in a fleet or on its way into one. */
export async function isDeviceHere(): Promise<boolean> {
  const store = await openIndexedDbStore(STORE)
  try {
    return (await whoIs(store)) !== null
  } finally {
    await store.close()
  }
}

/** Opens the device; with a key it enrolls at its first session. All tabs share it: one of them syncs (Web Locks). */
export async function openDevice(enrollmentKey: string | null, name: string): Promise<FieldDevice> {
  const store = await openIndexedDbStore(STORE)
  const replica = await openReplica({
    url: location.origin,
    ...(enrollmentKey === null ? {} : { enrollmentKey }),
    device: { name: name === '' ? NAME_DEFAULT : name, platform: 'web', appVersion: APP_VERSION },
    store,
  })
  return { replica, store }
}
