import pg from 'pg'
import { encodeBatch } from './encode-batch.ts'

/** How a prepared statement's rows are read: its columns in order. PostgreSQL fails rather than change them. */
export type RowShape = readonly { readonly column: string; readonly parse: (text: string) => unknown }[]

/** A statement that its connection has prepared. */
export interface Prepared {
  readonly name: string
  readonly values: readonly unknown[]
  readonly shape: RowShape
}
export interface Answered {
  readonly rows: Record<string, unknown>[]
  /** `INSERT`, `COMMIT`, … */
  readonly command: string
}

type Done = (error: unknown, answered: readonly Answered[]) => void

/**
 * Prepared statements in one message to PostgreSQL and one answer of it: a Sync behind the last of them alone. With one
 * behind each, as `pg` sends them, both sides write to their sockets, wake the other and read once a statement.
 *
 * After one that fails none of the others runs; they fail with it. It is a `pg.Query` since the client's pipeline takes
 * nothing else, and settles as one.
 */
export class BatchQuery extends pg.Query {
  private readonly statements: readonly Prepared[]
  private readonly done: Done
  private readonly answered: Answered[] = []
  private read: Record<string, unknown>[] = []
  private isOver = false
  /** The client's own: it ends the limit of time that it gives each query. */
  declare callback?: (error: unknown) => void

  /** @param done gets what was answered before the error, if there is one */
  constructor(statements: readonly Prepared[], done: Done) {
    super('')
    this.statements = statements
    this.done = done
    this.submit = (connection) => this.send(connection)
  }

  private send(connection: pg.Connection): Error | null {
    try {
      connection.stream.write(encodeBatch(this.statements))
      return null
    } catch (error) {
      return error as Error
    }
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const row: Record<string, unknown> = {}
    let i = 0
    for (const { column, parse } of this.statements[this.answered.length]?.shape ?? []) {
      const text = fields[i++] ?? null
      row[column] = text === null ? null : parse(text)
    }
    this.read.push(row)
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.answered.push({ rows: this.read, command: text.split(' ', 1)[0] ?? '' })
    this.read = []
  }

  handleReadyForQuery(): void {
    this.end(null)
  }

  handleError(error: unknown): void {
    this.end(error)
  }

  private end(error: unknown): void {
    if (this.isOver) return
    this.isOver = true
    this.callback?.(error)
    this.done(error, this.answered)
  }
}
