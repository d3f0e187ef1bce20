import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { isUuid } from '#lib/kernel/uuid.ts'
import { assert } from '#lib/kernel/result.ts'
import type { Prisma } from './generated/client.ts'
import { PrismaClient } from './generated/client.ts'
import { linked, type Seal } from '../audit-chain.ts'
import type { AuditEntry, AuditHead } from '../ports.ts'
import { AUDIT_ENTRY, LOCK_HEAD, writeChained } from './audit.ts'
import { postgresSeal } from './audit-seal.ts'
import type { Answered } from './batch-query.ts'
import { Pipeline } from './pipeline.ts'
import { storageError } from './storage-errors.ts'

export interface DatabaseOptions {
  readonly url: string
  /** Connections of this process at most. */
  readonly poolSize?: number
  /** False behind a pooler that cannot keep prepared statements (PgBouncer before 1.21). */
  readonly prepare?: boolean
  /** How long a statement may run, and how long it may wait for a lock. */
  readonly statementTimeoutMs?: number
  readonly lockTimeoutMs?: number
  readonly idleTimeoutMs?: number
  /** What the audit chain's key comes from: TIDEMARK_SECRET. Left out in tests alone, where nobody verifies with another. */
  readonly secret?: Uint8Array
}

/** A statement with a name of its own, under which each connection prepares it once; one with an empty name is not kept. */
export interface Statement {
  readonly name: string
  readonly text: string
}
type Row = Record<string, unknown>
/** Statements sent in one turn go out together behind it, in one round trip, and run in the order they were sent. */
export type Send = <R extends Row>(statement: Statement, values: readonly unknown[]) => Promise<R[]>
/**
 * Ends the transaction right behind the statements sent so far, in their round trip: if one of them fails, nothing is
 * committed. Nothing can be sent after it, and the work must not fail for any other reason.
 */
export type Commit = () => void

/**
 * Statements that are put together first, and sent by `go` all at once and in their order: what goes wrong while their
 * values are made sends none of them. After `go` each is sent at once.
 */
export function together(send: Send): { readonly send: Send; readonly go: () => void } {
  let waiting: (() => void)[] | null = []
  return {
    send: <R extends Row>(statement: Statement, values: readonly unknown[]) =>
      waiting === null
        ? send<R>(statement, values)
        : new Promise<R[]>((resolve, reject) => {
            waiting?.push(() => void send<R>(statement, values).then(resolve, reject))
          }),
    go: () => {
      const sent = waiting ?? []
      waiting = null
      for (const each of sent) each()
    },
  }
}

/** Sends at once what would else go out behind this turn, for the database to work on while the turn goes on. */
export type Flush = () => void

type Work<T> = (send: Send, commit: Commit, flush: Flush) => Promise<T>

/** Queries go out without waiting for the answers before them; @types/pg does not know it yet. */
const PIPELINE = { pipeline: true }
const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 20_000
const LOCK_TIMEOUT_MS = 5_000
/**
 * How long PostgreSQL waits within a transaction for the process that began it, which may be stopped (SIGSTOP, a paused
 * machine) while it holds a stream: less than others wait for the lock, so that nobody is told to come again for it.
 */
const IDLE_TIMEOUT_MS = 4_000
/**
 * When an answer is given up, as a multiple of the statement's own limit: that one is kept by PostgreSQL, which a
 * partition may have cut off without a word.
 */
const SILENCE_FACTOR = 1.5

const BEGIN: Statement = { name: 'begin', text: 'BEGIN' }
const BEGIN_SNAPSHOT: Statement = {
  name: 'begin_snapshot',
  text: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
}
const COMMIT: Statement = { name: 'commit', text: 'COMMIT' }
const ROLLBACK: Statement = { name: 'rollback', text: 'ROLLBACK' }

/** The first statement of every transaction: who we are (decision 0008), how long we wait and are waited for. */
const enter = (statementTimeoutMs: number, lockTimeoutMs: number, idleTimeoutMs: number): Statement => ({
  name: 'enter',
  text: `SELECT set_config('role', 'tidemark_runtime', true), set_config('app.fleet', $1, true),
    set_config('statement_timeout', '${statementTimeoutMs}', true), set_config('lock_timeout', '${lockTimeoutMs}', true),
    set_config('idle_in_transaction_session_timeout', '${idleTimeoutMs}', true)`,
})
/** Plans are kept while tables grow: one made on an empty table must not scan a full one. */
const enterHot = ({ text }: Statement): Statement => ({
  name: 'enter_hot',
  text: `${text}, set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true)`,
})

/** One `pg` pool and the Prisma client on it; every statement of ours runs in one of these transactions. */
export class Database {
  private readonly pool: pg.Pool
  private readonly prisma: PrismaClient
  private readonly prepare: boolean
  private readonly enter: Statement
  private readonly enterHot: Statement
  /** What links the audit log's entries: made here, so that its key never reaches the database. */
  readonly seal: Seal

  constructor({
    url,
    poolSize = 10,
    prepare = true,
    statementTimeoutMs = STATEMENT_TIMEOUT_MS,
    lockTimeoutMs = LOCK_TIMEOUT_MS,
    idleTimeoutMs = IDLE_TIMEOUT_MS,
    secret,
  }: DatabaseOptions) {
    this.prepare = prepare
    this.seal = postgresSeal(secret)
    this.enter = enter(statementTimeoutMs, lockTimeoutMs, idleTimeoutMs)
    this.enterHot = enterHot(this.enter)
    this.pool = new pg.Pool({
      connectionString: url,
      max: poolSize,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: statementTimeoutMs * SILENCE_FACTOR,
      keepAlive: true,
      types: { getTypeParser },
      ...PIPELINE,
    })
    // A broken connection is told by the query that meets it. Without a listener the process would end, also for
    // one in use that breaks between two queries of a transaction.
    this.pool.on('error', () => undefined)
    this.pool.on('connect', (client) => client.on('error', () => undefined))
    // Prisma's own bounds, 2 s for a connection and 5 s for all, would call a database away that only stalls.
    const transactionOptions = { maxWait: CONNECT_TIMEOUT_MS, timeout: statementTimeoutMs }
    this.prisma = new PrismaClient({ adapter: new PrismaPg(this.pool), transactionOptions })
  }

  inFleet<T>(fleetId: string, work: (send: Send) => Promise<T>): Promise<T> {
    return this.transaction(this.enter, fleetOf(fleetId), work)
  }

  /** The same with plans that hold for tables of any size. */
  inFleetHot<T>(fleetId: string, work: Work<T>): Promise<T> {
    return this.transaction(this.enterHot, fleetOf(fleetId), work)
  }

  /** One look at one moment, however many statements it takes: nothing is locked that a write waits for, nothing written. */
  inSnapshot<T>(fleetId: string, work: (send: Send) => Promise<T>): Promise<T> {
    return this.transaction(this.enterHot, fleetOf(fleetId), work, BEGIN_SNAPSHOT)
  }

  /** Global tables only: no fleet, so no row of any. */
  inGlobal<T>(work: (send: Send) => Promise<T>): Promise<T> {
    return this.transaction(this.enter, '', work)
  }

  /** One statement in one round trip, transaction included. */
  async one<R extends Row>(fleetId: string, statement: Statement, values: readonly unknown[]): Promise<R[]> {
    return this.atOnce(fleetOf(fleetId), statement, values)
  }

  /** The same of global tables. */
  async oneGlobal<R extends Row>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    return this.atOnce('', statement, values)
  }

  private async atOnce<R extends Row>(
    fleet: string,
    statement: Statement,
    values: readonly unknown[],
  ): Promise<R[]> {
    return this.withClient(async (client) => {
      const send = sender(this.pipeline(client))
      const [, , rows] = await Promise.all([
        send(BEGIN, []),
        send(this.enterHot, [fleet]),
        send<R>(statement, values),
        send(COMMIT, []),
      ])
      return rows
    })
  }

  /** The same for a statement put together for this once: planned for its values, and not kept. */
  async oneOff<R extends Row>(fleetId: string, text: string, values: readonly unknown[]): Promise<R[]> {
    return this.plannedOnce<R>(fleetOf(fleetId), text, values)
  }

  /** The same of global tables. */
  async oneOffGlobal<R extends Row>(text: string, values: readonly unknown[]): Promise<R[]> {
    return this.plannedOnce<R>('', text, values)
  }

  private async plannedOnce<R extends Row>(
    fleet: string,
    text: string,
    values: readonly unknown[],
  ): Promise<R[]> {
    return this.withClient(async (client) => {
      const send = sender(this.pipeline(client))
      const [, , rows] = await Promise.all([
        send(BEGIN, []),
        send(this.enter, [fleet]),
        send<R>({ name: '', text }, values),
        send(COMMIT, []),
      ])
      return rows
    })
  }

  prismaInFleet<T>(fleetId: string, work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    return this.prismaTransaction(fleetOf(fleetId), work)
  }

  prismaInGlobal<T>(work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    return this.prismaTransaction('', work)
  }

  async close(): Promise<void> {
    await this.prisma.$disconnect()
    await this.pool.end()
  }

  private async transaction<T>(enter: Statement, fleet: string, work: Work<T>, begin = BEGIN): Promise<T> {
    return this.withClient(async (client) => {
      const pipeline = this.pipeline(client)
      const raw = sender(pipeline)
      const ends: Promise<Answered>[] = []
      const audit: AuditEntry[] = []
      let open = true
      // After the end nothing may be sent: it would run outside, as the login role.
      const send: Send = async (statement, values) => {
        assert(open, 'the transaction is open')
        if (statement !== AUDIT_ENTRY) return raw(statement, values)
        audit.push(values[0] as AuditEntry)
        return []
      }
      const commit = (): void => {
        if (open)
          ends.push(audit.length === 0 ? pipeline.send(COMMIT, []) : this.commitChained(pipeline, audit))
        open = false
      }
      try {
        const flush = (): void => pipeline.flush()
        const [, , value] = await Promise.all([
          raw(begin, []),
          send(enter, [fleet]),
          work(send, commit, flush),
        ])
        commit()
        for (const { command } of await Promise.all(ends))
          assert(command === 'COMMIT', 'no statement of the transaction failed')
        return value
      } catch (error) {
        open = false
        // Where the connection is broken this fails too, and the first error says why.
        await Promise.allSettled([...ends, raw(ROLLBACK, [])])
        throw error
      }
    })
  }

  /**
   * Chains the entries of a transaction and commits it. The head is locked last of all, so that no other lock is waited
   * for with it, and held for one round trip and the commit: writers with entries follow each other there.
   */
  private async commitChained(pipeline: Pipeline, entries: readonly AuditEntry[]): Promise<Answered> {
    const raw = sender(pipeline)
    const [head] = await raw<Row & AuditHead>(LOCK_HEAD, [])
    assert(head !== undefined, 'the audit chain has a head')
    const chained = linked(this.seal, head, entries)
    const [, end] = await Promise.all([
      writeChained(raw, entries, chained.links, chained.head),
      pipeline.send(COMMIT, []),
    ])
    return end
  }

  private async prismaTransaction<T>(
    fleet: string,
    work: (tx: Prisma.TransactionClient) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.prisma.$transaction(async (tx) => {
        await tx.$executeRawUnsafe(this.enter.text, fleet)
        return work(tx)
      })
    } catch (error) {
      throw storageError(error)
    }
  }

  private async withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | null = null
    let failed: unknown
    try {
      client = await this.pool.connect()
      return await work(client)
    } catch (error) {
      failed = storageError(error)
      throw failed
    } finally {
      // A connection in doubt is closed rather than reused.
      client?.release(isInDoubt(failed))
    }
  }

  private pipeline(client: pg.PoolClient): Pipeline {
    return new Pipeline(client, this.prepare)
  }
}

const sender =
  (pipeline: Pipeline): Send =>
  async <R extends Row>(statement: Statement, values: readonly unknown[]) =>
    (await pipeline.send(statement, values)).rows as R[]

/** Bigints are versions, counts and transaction ids: all within what a number holds exactly. */
const INT8_OID = 20
function getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  if (oid === INT8_OID) return Number
  return pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown
}

function fleetOf(fleetId: string): string {
  assert(isUuid(fleetId), 'a fleet id is a UUID')
  return fleetId
}

const isInDoubt = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'storage_unavailable'
