import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase } from '#tests/support/database.ts'
import { asSuperuser, startExternalPostgres } from '#tests/support/external-postgres.ts'

/** Tables that are of no fleet, or of several at once, and so not under row-level security; each with the reason. */
const GLOBAL: Readonly<Record<string, string>> = {
  _prisma_migrations: 'which migrations were applied; the runtime role may not read it',
  alert_round: 'when the leader last evaluated, for all fleets together',
  api_key: 'looked up by its hash before any fleet is known',
  app_user: 'a person may have roles in several fleets',
  audit: 'one log of all fleets; verbs filter by the fleets that the reader operates',
  audit_head: 'of that log',
  breaker_change: 'scopes of the engine are of no fleet, and its log is one',
  breaker_control: 'scopes of the engine are of no fleet',
  breaker_minute: 'of a process, which serves all fleets',
  breaker_process: 'of a process, which serves all fleets',
  breaker_revision: 'one number for all controls',
  fleet: 'the tenants themselves',
  invitation: 'may be to several fleets, and is looked up by its hash before any is known',
  lease: 'who is leader',
  notification: 'may tell of incidents of several fleets',
  notification_delivery: 'of a notification',
  one_time_link: 'looked up by its hash before any fleet is known',
  partition_floor: 'what was dropped of tables that are cut by time',
  removed_fleet: 'ids of fleets that are no more',
  setting: 'of the installation',
  sign_in_try: 'counted before anybody is known',
  user_identity: 'of a person, and looked up before anybody is known',
  user_role: 'of a person; one row for each fleet',
  user_session: 'of a person',
}

interface TestedDatabase {
  readonly url: string
  readonly superuserUrl: string
  drop(): Promise<void>
}
const SERVERS: readonly { readonly name: string; readonly open: () => Promise<TestedDatabase> }[] = [
  {
    name: 'the embedded PostgreSQL',
    open: async () => {
      const database = await createTestDatabase()
      return { ...database, superuserUrl: asSuperuser(database.url) }
    },
  },
  {
    name: 'a PostgreSQL of somebody else, by a login that owns the database and no more',
    open: startExternalPostgres,
  },
]

interface TableFacts extends pg.QueryResultRow {
  readonly name: string
  /** Under row-level security, with how many policies. */
  readonly secured: boolean
  readonly policies: number
  readonly owner: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}
const TABLES = `SELECT c.relname AS name, c.relrowsecurity AS secured, pg_get_userbyid(c.relowner) AS owner,
    (SELECT count(*)::int FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
    (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`

const CHECKS = `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS text FROM pg_constraint
  WHERE contype = 'c' AND conislocal AND coninhcount = 0 AND connamespace = 'public'::regnamespace`

/** The column by which a row is of a fleet. */
const fleetColumn = ({ columns }: TableFacts): string | null =>
  ['fleet_id', 'scope_fleet_id'].find((wanted) => columns.some(({ name }) => name === wanted)) ?? null

let counter = 0
/** Some value of a type, another one each time where that can be. */
function valueOf(type: string): string {
  counter += 1
  if (type === 'uuid') return `'${randomUUID()}'`
  if (type === 'text') return `'t${counter}'`
  if (type === 'boolean') return 'true'
  if (type.startsWith('timestamp')) return `'2026-06-15T12:00:00Z'`
  if (type.startsWith('json')) return `'{}'`
  if (type === 'bytea') return `'\\x00'`
  if (type.endsWith('[]')) return `'{}'`
  if (/^(bigint|integer|smallint|numeric|double precision|real)/.test(type)) return String(counter)
  if (type === 'xid8') return `'${counter}'`
  throw new Error(`no value is known of type ${type}: add one`)
}

const insertOf = (table: TableFacts, fleetId: string): string => {
  const column = fleetColumn(table)
  const values = table.columns.map(({ name, type }) => (name === column ? `'${fleetId}'` : valueOf(type)))
  const names = table.columns.map(({ name }) => `"${name}"`)
  return `INSERT INTO "${table.name}" (${names.join(', ')}) VALUES (${values.join(', ')})`
}

/** One row for each of these fleets in every table that has a fleet. */
async function filled(superuserUrl: string, fleetIds: readonly string[]): Promise<readonly TableFacts[]> {
  const superuser = new pg.Client({ connectionString: superuserUrl })
  await superuser.connect()
  try {
    const { rows: tables } = await superuser.query<TableFacts>(TABLES)
    // Rows without what they refer to, of any shape: what each table keeps apart is asked here, not what it holds.
    await superuser.query('SET session_replication_role = replica')
    const { rows: checks } = await superuser.query<{ text: string }>(CHECKS)
    for (const { text } of checks) await superuser.query(text)
    for (const table of tables)
      if (fleetColumn(table) !== null)
        for (const fleetId of fleetIds) await superuser.query(insertOf(table, fleetId))
    return tables
  } finally {
    await superuser.end()
  }
}

describe.each(SERVERS)('tenancy on $name', ({ open }) => {
  const [own, other] = [randomUUID(), randomUUID()]
  let database: TestedDatabase
  let login: pg.Client
  let tables: readonly TableFacts[]
  const secured = () => tables.filter((table) => table.secured)

  beforeAll(async () => {
    database = await open()
    tables = await filled(database.superuserUrl, [own, other])
    login = new pg.Client({ connectionString: database.url })
    await login.connect()
  })
  afterAll(async () => {
    await login?.end()
    await database?.drop()
  })

  /** What a statement of the runtime role comes to for the fleet that is named, and undone again. */
  async function asRuntime(fleetId: string | null, text: string): Promise<pg.QueryResult> {
    await login.query('BEGIN')
    try {
      await login.query('SET LOCAL ROLE tidemark_runtime')
      if (fleetId !== null) await login.query(`SELECT set_config('app.fleet', $1, true)`, [fleetId])
      return await login.query(text)
    } finally {
      await login.query('ROLLBACK')
    }
  }
  /** `refused` by row-level security, `denied` for want of a grant, or how many rows it touched. */
  const outcomeOf = async (fleetId: string | null, text: string): Promise<number | 'refused' | 'denied'> => {
    try {
      return (await asRuntime(fleetId, text)).rowCount ?? 0
    } catch (error) {
      const { code, message } = error as { code: string; message: string }
      if (code !== '42501') throw error
      return message.includes('row-level security') ? 'refused' : 'denied'
    }
  }

  it('[check 4] each table is under row-level security, or stands among those of no fleet with the reason', () => {
    expect(tables.length).toBeGreaterThan(50)
    const others = tables.filter((table) => !table.secured).map(({ name }) => name)
    expect(others.toSorted()).toEqual(Object.keys(GLOBAL).toSorted())
    for (const { name, policies, ...table } of secured()) {
      expect([name, policies]).toEqual([name, 1])
      expect([name, fleetColumn({ ...table, name, policies })]).not.toEqual([name, null])
    }
    expect(tables.filter((table) => fleetColumn(table) === 'fleet_id').every((table) => table.secured)).toBe(
      true,
    )
  })

  it('[check 4] the wrong fleet reads no row of any table, and without a fleet none of a fleet’s is read', async () => {
    for (const table of secured()) {
      const column = fleetColumn(table) as string
      const read = async (fleetId: string | null): Promise<string[]> => {
        const { rows } = await asRuntime(fleetId, `SELECT "${column}"::text AS fleet FROM "${table.name}"`)
        return (rows as { fleet: string }[]).map(({ fleet }) => fleet)
      }
      expect([table.name, await read(own)]).toEqual([table.name, [own]])
      expect([table.name, await read(randomUUID())]).toEqual([table.name, []])
      // What is of one fleet or of all is put together by transactions of no fleet (decision 0064).
      if (column === 'scope_fleet_id') continue
      expect([table.name, await read(null), await read('')]).toEqual([table.name, [], []])
    }
  })

  it('[check 4] the wrong fleet writes no row of any table: none is put in, moved, changed or deleted', async () => {
    for (const table of secured()) {
      const { name } = table
      const column = fleetColumn(table) as string
      const isOfFleet = column === 'fleet_id'
      const stopped = ['refused', 'denied']
      for (const fleetId of isOfFleet ? [own, null, ''] : [own]) {
        const put = await outcomeOf(fleetId, insertOf(table, other))
        expect(stopped, `${name} for ${fleetId}: ${put}`).toContain(put)
        const where = `WHERE "${column}" = '${other}'`
        for (const statement of [
          `UPDATE "${name}" SET "${column}" = "${column}" ${where}`,
          `DELETE FROM "${name}" ${where}`,
        ])
          expect([0, 'denied'], `${statement} for ${fleetId}`).toContain(await outcomeOf(fleetId, statement))
      }
      const moved = await outcomeOf(own, `UPDATE "${name}" SET "${column}" = '${other}'`)
      expect(stopped, `${name} moved to another fleet: ${moved}`).toContain(moved)
      expect(await outcomeOf(own, `TRUNCATE "${name}"`)).toBe('denied')
    }
  })

  it('[check 4] the runtime role owns nothing, is nobody else, passes nothing by and makes nothing', async () => {
    const { rows } = await login.query(
      `SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication FROM pg_roles
       WHERE rolname = 'tidemark_runtime'`,
    )
    expect(rows).toEqual([
      {
        rolsuper: false,
        rolbypassrls: false,
        rolcreaterole: false,
        rolcreatedb: false,
        rolcanlogin: false,
        rolreplication: false,
      },
    ])
    const owned = await login.query(
      `SELECT relname FROM pg_class WHERE relowner = 'tidemark_runtime'::regrole
       UNION ALL SELECT proname FROM pg_proc WHERE proowner = 'tidemark_runtime'::regrole
       UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner = 'tidemark_runtime'::regrole`,
    )
    expect(owned.rows).toEqual([])
    const member = await login.query(
      `SELECT roleid FROM pg_auth_members WHERE member = 'tidemark_runtime'::regrole`,
    )
    expect(member.rows).toEqual([])
    for (const statement of [
      'CREATE TABLE stolen (id int)',
      'CREATE SCHEMA stolen',
      'ALTER TABLE device DISABLE ROW LEVEL SECURITY',
      'DROP POLICY of_fleet ON device',
      'CREATE ROLE stolen',
    ])
      await expect(asRuntime(own, statement), statement).rejects.toMatchObject({ code: '42501' })
    const owners = new Set(tables.map(({ owner }) => owner))
    expect(owners).toEqual(new Set([new URL(database.url).username]))
  })

  it('[check 4] who may log in as the runtime role alone cannot take the role of the owner', async () => {
    const superuser = new pg.Client({ connectionString: database.superuserUrl })
    await superuser.connect()
    const name = `only_runtime_${randomUUID().slice(0, 8)}`
    const password = randomUUID()
    await superuser.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}' IN ROLE tidemark_runtime`)
    const url = new URL(database.url)
    url.username = name
    url.password = password
    const reader = new pg.Client({ connectionString: url.toString() })
    try {
      await reader.connect()
      await reader.query('SET ROLE tidemark_runtime')
      for (const role of [new URL(database.url).username, 'postgres'])
        await expect(reader.query(`SET ROLE ${role}`)).rejects.toMatchObject({ code: '42501' })
      await expect(reader.query('SET SESSION AUTHORIZATION postgres')).rejects.toMatchObject({
        code: '42501',
      })
      expect((await reader.query('SELECT FROM device')).rowCount).toBe(0)
    } finally {
      await reader.end()
      await superuser.query(`DROP ROLE ${name}`)
      await superuser.end()
    }
  })
})
