import { openReplica } from '#lib/client/open-replica.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'
import { DEVICE } from '#tests/unit/client/support/device.ts'

/** A process that may write only what its files' modes let anybody write; says how opening the store went. */
const NOBODY = 65_534
// The native part of libsql is loaded while this process may still read everything.
await openSqliteStore(process.argv[3] as string).close()
if (process.getuid?.() === 0) process.setuid?.(NOBODY)
const told = await (async () => {
  try {
    const replica = await openReplica({
      url: 'http://127.0.0.1:9',
      enrollmentKey: 'tme_key',
      device: DEVICE,
      store: openSqliteStore(process.argv[2] as string),
      sync: { auto: false },
    })
    await replica.close()
    return 'opened'
  } catch (error) {
    return { code: (error as { code?: unknown }).code, message: String(error) }
  }
})()
console.log(JSON.stringify(told))
