import type pg from 'pg'
import type { BackupTable } from './backup-file.ts'

/** Stands in a database from when a backup was loaded until all is done that follows; no server starts on it. */
export const RESTORE_MARK = 'tidemark_restore'

/**
 * What a backup leaves out: it is of processes and browsers that are gone, and a session or a link that ended after the
 * backup would be alive again.
 */
export const LEFT_OUT: ReadonlySet<string> = new Set([
  '_prisma_migrations',
  'lease',
  'breaker_process',
  'user_session',
  'one_time_link',
  RESTORE_MARK,
])

const TABLES = `SELECT c.relname AS name,
    (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
    array(SELECT DISTINCT p.relname::text FROM pg_constraint f JOIN pg_class p ON p.oid = f.confrelid
      WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid) AS parents
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  ORDER BY 1`

interface Row {
  readonly name: string
  readonly columns: readonly string[]
  readonly parents: readonly string[]
}

/** Every table of ours with its columns, those that others refer to before them. */
export async function listTables(client: pg.Client): Promise<readonly BackupTable[]> {
  const { rows } = await client.query<Row>(TABLES)
  const waiting = rows.filter(({ name }) => !LEFT_OUT.has(name))
  const placed: BackupTable[] = []
  const isPlaced = (parent: string): boolean =>
    LEFT_OUT.has(parent) || placed.some(({ name }) => name === parent)
  while (waiting.length > 0) {
    const at = waiting.findIndex(({ parents }) => parents.every(isPlaced))
    // A ring of references would need constraints that wait; there is none.
    const [next] = waiting.splice(Math.max(at, 0), 1)
    if (next) placed.push({ name: next.name, columns: next.columns })
  }
  return placed
}

/**
 * Transaction ids mean nothing in another PostgreSQL (decision 0007): what is folded into the rollups has 0 in a backup, what
 * waits has 2, and each fleet's position stands between the two.
 */
const FOLDED_XID = '0'
const WAITING_XID = '2'
const POSITION = '1'
const EXPRESSIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  telemetry_event: {
    xid: `CASE WHEN (t.xid, t.id) <= (p.xid, p.event_id) THEN ${FOLDED_XID} ELSE ${WAITING_XID} END`,
  },
  fold_position: { xid: POSITION, merged_xid: POSITION, event_id: `''` },
}
const JOINS: Readonly<Record<string, string>> = {
  telemetry_event: 'LEFT JOIN public.fold_position p ON p.fleet_id = t.fleet_id',
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** All rows of a table as they go into a backup. Of a partitioned one too, which COPY takes by a query alone. */
export function copyOutOf({ name, columns }: BackupTable): string {
  const fields = columns.map((column) => EXPRESSIONS[name]?.[column] ?? `t.${quoted(column)}`)
  return `COPY (SELECT ${fields.join(', ')} FROM public.${quoted(name)} t ${JOINS[name] ?? ''}) TO STDOUT`
}

export const copyInto = ({ name, columns }: BackupTable): string =>
  `COPY public.${quoted(name)} (${columns.map(quoted).join(', ')}) FROM STDIN`

export async function isTable(client: pg.Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [
    `public.${name}`,
  ])
  return rows[0]?.found === true
}
