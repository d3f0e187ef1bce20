import { join } from 'node:path'
import { USAGE, readOptions } from './fleet/options.ts'
import { runFleet } from './fleet/run-fleet.ts'
import { outliveLog } from './launch/lost-log.mjs'

const options = readOptions(
  process.argv.slice(2),
  join(process.env['TIDEMARK_DATA_DIR'] ?? '.tidemark', 'fleet'),
)
if (typeof options === 'string') {
  console.error(`${options}\n\n${USAGE}`)
  process.exit(2)
}

outliveLog()
const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())
if (options.seconds !== null) setTimeout(() => stop.abort(), options.seconds * 1_000).unref()
await runFleet(options, stop.signal, (line) => console.log(line))
