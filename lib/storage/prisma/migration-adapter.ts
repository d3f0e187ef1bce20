import { randomUUID } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum, type SqlQuery, type SqlResultSet } from '@prisma/driver-adapter-utils'
import pg from 'pg'

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>

/** The object id of PostgreSQL's one-byte `"char"` type, and that of `text`. */
const CHAR_OID = 18
const TEXT_OID = 25

/**
 * Prisma's pg adapter with three repairs that its schema engine needs: scripts are
 * sent whole instead of split at each `;`, `"char"` columns are readable, and the shadow database is another
 * database. One connection, so that the engine's locks and scripts share a session.
 */
export class MigrationAdapter extends PrismaPg {
  private readonly databaseUrl: string
  private readonly lockTimeoutMs: number
  private readonly opened: pg.Pool[] = []
  /** Why a script failed, in PostgreSQL's words: the engine tells of an "external connector error". */
  scriptError: unknown = null

  /** @param lockTimeoutMs how long a statement of a script may wait for a lock, and everybody behind it; 0 for ever */
  constructor(databaseUrl: string, lockTimeoutMs = 0) {
    super({ connectionString: databaseUrl, max: 1 })
    this.databaseUrl = databaseUrl
    this.lockTimeoutMs = lockTimeoutMs
  }

  override async connect(): Promise<Adapter> {
    const adapter = await super.connect()
    this.opened.push(adapter.underlyingDriver())
    return repair(adapter, this.lockTimeoutMs, (error) => (this.scriptError = error))
  }

  override async connectToShadowDb(): Promise<Adapter> {
    const database = `tidemark_shadow_${randomUUID().replaceAll('-', '')}`
    const admin = new pg.Client({ connectionString: this.databaseUrl })
    await admin.connect()
    await admin.query(`CREATE DATABASE ${database} TEMPLATE template0`)
    const shadow = repair(
      await new PrismaPg({ connectionString: onDatabase(this.databaseUrl, database), max: 1 }).connect(),
    )
    const dispose = shadow.dispose.bind(shadow)
    shadow.dispose = async () => {
      await dispose()
      await admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
      await admin.end()
    }
    return shadow
  }

  /** Closes the connections that the engine leaves open. */
  async close(): Promise<void> {
    for (const pool of this.opened.splice(0)) await pool.end()
  }
}

/** The same server and login, another database. */
export function onDatabase(databaseUrl: string, database: string): string {
  const url = new URL(databaseUrl)
  url.pathname = `/${database}`
  return url.toString()
}

function repair(adapter: Adapter, lockTimeoutMs = 0, onError: (error: unknown) => void = () => {}): Adapter {
  const pool = adapter.underlyingDriver()
  const queryRaw = adapter.queryRaw.bind(adapter)
  let charColumns: number[] = []

  const query = pool.query.bind(pool) as (...input: unknown[]) => Promise<pg.QueryResult>
  const readable = async (...input: unknown[]): Promise<pg.QueryResult> => {
    const result = await query(...input)
    charColumns = (result.fields ?? []).flatMap((field, index) =>
      field.dataTypeID === CHAR_OID ? [index] : [],
    )
    for (const index of charColumns) Object.assign(result.fields[index] ?? {}, { dataTypeID: TEXT_OID })
    return result
  }
  Object.assign(pool, { query: readable })

  adapter.queryRaw = async (input: SqlQuery): Promise<SqlResultSet> => {
    const result = await queryRaw(input)
    for (const index of charColumns) result.columnTypes[index] = ColumnTypeEnum.Character
    return result
  }
  adapter.executeScript = async (script: string): Promise<void> => {
    // Of the session, which the script has to itself; what a script sets itself comes after it.
    await query(`SELECT set_config('lock_timeout', '${lockTimeoutMs}', false)`)
    await query(script).catch((error: unknown) => {
      onError(error)
      throw error
    })
  }
  return adapter
}
