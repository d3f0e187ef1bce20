import { fetched } from './on-demand.ts'
import type { ReplicaStore } from './store.ts'

/** A store that ends with the page, for apps that keep nothing behind. It loads on demand: most apps open another one. */
export const openMemoryStore = async (): Promise<ReplicaStore> =>
  (await fetched(import('./memory-store.ts'))).openMemoryStore()
