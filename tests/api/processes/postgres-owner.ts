/** A process that owns a data directory, as `npm start` does; it tells its database, when asked too, until it is ended. */
import { supervisePostgres } from '#lib/storage/prisma/embedded/supervise.ts'

const [dataDir = ''] = process.argv.slice(2)
const postgres = await supervisePostgres({ dataDir })
const tell = (): void =>
  void process.send?.({ databaseUrl: postgres.databaseUrl, postgresPid: postgres.pid() })
process.once('SIGTERM', () => void postgres.stop().then(() => process.exit(0)))
process.on('message', tell)
tell()
