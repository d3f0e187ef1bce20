import { directUrlOf } from '../direct-url.ts'
import { dataDirFor, readSecrets } from './data-dir.ts'
import { currentInstance } from './instance.ts'
import { supervisePostgres } from './supervise.ts'

export interface ResolvedDatabase {
  databaseUrl: string
  /** For migrations and LISTEN: past a transaction-mode pooler, else the same as `databaseUrl`. */
  directUrl: string
  secret: string
  /** Where a running server of this data directory answers; null when none does or DATABASE_URL is set. */
  serverUrl: string | null
  /** Stops the database if this call started it. Always call it. */
  release(): Promise<void>
}

/**
 * The database that a command works on, beside a running server or without one: DATABASE_URL, else that of
 * the running instance, else the embedded PostgreSQL started until `release()` (README.md).
 * @throws EmbeddedError, e.g. `data_dir_in_use` when another command starts at the same moment
 */
export async function resolveDatabase(
  checkout: string,
  environment: Record<string, string | undefined>,
): Promise<ResolvedDatabase> {
  const databaseUrl = environment['DATABASE_URL']
  if (databaseUrl) {
    const secret = environment['TIDEMARK_SECRET'] ?? ''
    const directUrl = directUrlOf(environment) ?? databaseUrl
    return { databaseUrl, directUrl, secret, serverUrl: null, release: async () => {} }
  }
  const dataDir = dataDirFor(checkout, environment['TIDEMARK_DATA_DIR'])
  const running = currentInstance(dataDir)
  if (running?.databaseUrl) {
    const secret = environment['TIDEMARK_SECRET'] || readSecrets(dataDir).secret
    const { databaseUrl: url, serverUrl } = running
    return { databaseUrl: url, directUrl: url, secret, serverUrl, release: async () => {} }
  }
  const started = await supervisePostgres({ dataDir })
  const { databaseUrl: url, stop } = started
  // As the server takes it: one that a person has set goes before the one of the data directory.
  const secret = environment['TIDEMARK_SECRET'] || started.secret
  return { databaseUrl: url, directUrl: url, secret, serverUrl: null, release: stop }
}
