import pg from 'pg'

const CONNECT_TIMEOUT_MS = 10_000

/** A connection of one's own, closed at the end. `options` of `pg` beside where it leads. */
export async function withClient<T>(
  databaseUrl: string,
  use: (client: pg.Client) => Promise<T>,
  options: pg.ClientConfig = {},
): Promise<T> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...options,
  })
  // A connection that breaks is told by the query that meets it.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
