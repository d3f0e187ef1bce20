import { openReplica } from '#lib/client/open-replica.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'

/** Opens a store, makes so many changes that wait, says what there is, and closes it or is killed. */
const [file = '', made, end] = process.argv.slice(2)
const replica = await openReplica({
  url: 'http://127.0.0.1:9',
  enrollmentKey: 'tme_key',
  device: { name: 'apart', platform: 'linux', appVersion: '1.0.0' },
  store: openSqliteStore(file),
  sync: { auto: false },
})
for (let n = 0; n < Number(made); n++) await replica.collection('notes').put(null, { n })
await replica.sync()
const { pending } = replica.status$.get()
console.log(JSON.stringify({ pending, told: replica.recoveries$.get() }))
if (end === 'killed') process.kill(process.pid, 'SIGKILL')
await replica.close()
