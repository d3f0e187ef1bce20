import type pg from 'pg'
import { withClient } from '../with-client.ts'

const LOCK_WAIT_MS = 30_000

/** A connection of one's own as the owner, without the bounds that a server's statements have. */
export const withOwner = <T>(databaseUrl: string, use: (client: pg.Client) => Promise<T>): Promise<T> =>
  withClient(
    databaseUrl,
    async (client) => {
      // Rows that row-level security hides from this login would be missing in silence: so it fails instead.
      await client.query(
        `SELECT set_config('statement_timeout', '0', false), set_config('idle_in_transaction_session_timeout', '0', false),
        set_config('lock_timeout', '${LOCK_WAIT_MS}', false), set_config('row_security', 'off', false)`,
      )
      return use(client)
    },
    { application_name: 'tidemark backup', keepAlive: true },
  )

/** Numbers of eight bytes are counts and versions, which a number holds. */
export const numberOf = (value: unknown): number => Number(value)
