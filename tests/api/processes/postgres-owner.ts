/** A process that owns a data directory, as `npm start` does; it tells its database and waits to be ended. */
import { supervisePostgres } from '#lib/storage/prisma/embedded/supervise.ts'

const [dataDir = ''] = process.argv.slice(2)
const postgres = await supervisePostgres({ dataDir })
process.once('SIGTERM', () => void postgres.stop().then(() => process.exit(0)))
process.send?.({ databaseUrl: postgres.databaseUrl, postgresPid: postgres.pid() })
