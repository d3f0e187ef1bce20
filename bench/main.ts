/**
 * `npm run bench`: Tidemark's speed beside what this machine can do at most, as Markdown tables. Ratios say more
 * than rates, which change with the machine and with what else it does.
 */
import { availableParallelism } from 'node:os'
import { startDatabase } from './postgres.ts'
import { benchPush, pushTable } from './push/bench-push.ts'
import { measureSdk, sizeTable } from './sdk-size.ts'

const startedMs = performance.now()
const database = await startDatabase()
try {
  console.log(`Node ${process.version}, ${availableParallelism()} cores, PostgreSQL with fsync on.\n`)
  console.log(pushTable(await benchPush(database)))
  console.log(`\n${sizeTable(await measureSdk())}`)
} finally {
  await database.end()
}
console.log(`\n${Math.round((performance.now() - startedMs) / 1_000)} s in all.`)
