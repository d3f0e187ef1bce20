import type { ReplicaStore } from './store.ts'

/** A store that ends with the page, for apps that keep nothing behind. It loads on demand: most apps open another one. */
export const openMemoryStore = async (): Promise<ReplicaStore> =>
  (await import('./memory-store.ts')).openMemoryStore()
