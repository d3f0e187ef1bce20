import pg from 'pg'

const CONNECT_TIMEOUT_MS = 10_000
const LOCK_WAIT_MS = 30_000

/** A connection of one's own as the owner, without the bounds that a server's statements have. */
export async function withOwner<T>(databaseUrl: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'tidemark backup',
    keepAlive: true,
  })
  // A connection that breaks is told by the query that meets it.
  client.on('error', () => undefined)
  await client.connect()
  try {
    // Rows that row-level security hides from this login would be missing in silence: so it fails instead.
    await client.query(
      `SELECT set_config('statement_timeout', '0', false), set_config('idle_in_transaction_session_timeout', '0', false),
        set_config('lock_timeout', '${LOCK_WAIT_MS}', false), set_config('row_security', 'off', false)`,
    )
    return await use(client)
  } finally {
    await client.end()
  }
}

/** Numbers of eight bytes are counts and versions, which a number holds. */
export const numberOf = (value: unknown): number => Number(value)
