import { takeLock } from '#lib/client/session-lock.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'

/** A process of its own that takes the session lock and never lets go. */
const store = openSqliteStore(process.argv[2] as string)
await store.transact((tx) => takeLock(tx, store, Date.now(), 60_000))
process.send?.('locked')
setInterval(() => undefined, 1_000)
