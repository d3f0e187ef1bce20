import type pg from 'pg'
import { RESTORE_MARK } from './backup/tables.ts'
import { MigrationError } from './migration-error.ts'
import { withClient } from './with-client.ts'

/**
 * Half of what a restore does is done: devices would be told what is not so.
 * @throws MigrationError `restore_unfinished`
 */
export async function requireNoRestore(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ found: boolean }>(
    `SELECT to_regclass('public.${RESTORE_MARK}') IS NOT NULL AS found`,
  )
  if (!rows[0]?.found) return
  throw new MigrationError(
    'restore_unfinished',
    'A restore was broken off when the backup was loaded and not all was checked: run the same `npm run tidemark -- restore` again; it goes on from there.',
  )
}

/** The same for a server, however it was started. @throws MigrationError `restore_unfinished` */
export const requireNoRestoreOf = (databaseUrl: string): Promise<void> =>
  withClient(databaseUrl, requireNoRestore)
