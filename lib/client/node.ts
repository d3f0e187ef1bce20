/** What `npm run build:sdk` packs for Node. */
export { ReplicaError } from './errors.ts'
export { openMemoryStore } from './memory-store.ts'
export { openReplica } from './open-replica.ts'
export { openSqliteStore } from './sqlite-store.ts'
