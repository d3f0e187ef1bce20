import { supervisePostgres } from '#lib/storage/prisma/embedded/supervise.ts'

/** A process that owns a data directory until it is stopped, for the tests that kill it. */
const postgres = await supervisePostgres({ dataDir: process.argv[2] ?? '', settings: { fsync: 'off' } })
process.once('SIGTERM', () => void postgres.stop().then(() => process.exit(0)))
// Last: who reads this line may send the signal at once.
console.log(JSON.stringify({ databaseUrl: postgres.databaseUrl, pid: postgres.pid() }))
