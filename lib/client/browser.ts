/** What `npm run build:sdk` packs for browsers. The one place, with node.ts, that gathers other modules' exports. */
export { ReplicaError } from './errors.ts'
export { openIndexedDbStore } from './indexeddb-store.ts'
export { openMemoryStore } from './memory-on-demand.ts'
export { openReplica } from './open-replica.ts'
