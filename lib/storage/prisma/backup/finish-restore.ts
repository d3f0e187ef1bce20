import type pg from 'pg'
import { applyMigrations } from '../migrate.ts'
import type { CheckResult } from './invariants.ts'
import { checkInvariants } from './invariants.ts'
import type { LoadedBackup } from './restore-backup.ts'
import { numberOf, withOwner } from './session.ts'
import { countRows } from './take-backup.ts'
import { isTable, RESTORE_MARK } from './tables.ts'

interface Target {
  readonly directUrl: string
  readonly prismaRoot: string
}

/** Whether what was loaded is what the file tells of, and holds together. Newer migrations are applied before. */
export async function checkRestored(target: Target, loaded: LoadedBackup): Promise<readonly CheckResult[]> {
  const { directUrl, prismaRoot } = target
  await applyMigrations(directUrl, prismaRoot, { restore: {} })
  await noteEpochs(target, loaded)
  return withOwner(directUrl, async (client) => [
    {
      id: 'rows',
      law: 'A',
      what: 'a table has fewer rows than the backup',
      found: await countsOff(client, loaded),
    },
    {
      id: 'heads',
      law: 'M',
      what: 'a stream ends elsewhere than in the backup',
      found: await headsOff(client, loaded),
    },
    ...(await checkInvariants(client)),
  ])
}

/** The same of any database, beside running servers. */
export async function checkDatabase(directUrl: string): Promise<readonly CheckResult[]> {
  return withOwner(directUrl, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const results = await checkInvariants(client)
    await client.query('COMMIT')
    return results
  })
}

/** Lets servers start. `note` runs before: what it writes may come twice when the restore is broken off here. */
export async function finishRestore(directUrl: string): Promise<void> {
  await withOwner(directUrl, async (client) => {
    await client.query(`DROP TABLE ${RESTORE_MARK}`)
  })
}

/** A backup from before that column has nothing to load into it. */
async function noteEpochs({ directUrl }: Target, { fleets }: LoadedBackup): Promise<void> {
  await withOwner(directUrl, async (client) => {
    for (const { id, epochBefore } of fleets)
      await client.query('UPDATE fleet SET epoch_before = $2 WHERE id = $1', [id, epochBefore])
  })
}

async function countsOff(client: pg.Client, { rows }: LoadedBackup): Promise<number> {
  let off = 0
  for (const [table, count] of Object.entries(rows)) {
    // A newer migration may have taken a table away; and what the restore itself notes is more.
    if ((await isTable(client, table)) && (await countRows(client, table)) < count) off += 1
  }
  return off
}

async function headsOff(client: pg.Client, { heads }: LoadedBackup): Promise<number> {
  const { rows } = await client.query<{ fleet_id: string; collection: string; version: string }>(
    'SELECT fleet_id, collection, version FROM stream_head',
  )
  const found = new Map(rows.map((row) => [`${row.fleet_id} ${row.collection}`, numberOf(row.version)]))
  const off = heads.filter(
    ({ fleetId, collection, version }) => found.get(`${fleetId} ${collection}`) !== version,
  )
  return off.length + Math.max(0, found.size - heads.length)
}
