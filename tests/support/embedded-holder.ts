import { supervisePostgres } from '#lib/storage/prisma/embedded/supervise.ts'

/** A process that owns a data directory until it is stopped, for the tests that kill it. */
const postgres = await supervisePostgres({ dataDir: process.argv[2] ?? '', settings: { fsync: 'off' } })
console.log(JSON.stringify({ databaseUrl: postgres.databaseUrl, pid: postgres.pid() }))
process.on('SIGTERM', () => void postgres.stop().then(() => process.exit(0)))
