import type pg from 'pg'
import type { Answered, Prepared, RowShape } from './batch-query.ts'
import { BatchQuery } from './batch-query.ts'
import type { Statement } from './database.ts'
import { isOfFailedTransaction } from './storage-errors.ts'

interface Waiting {
  readonly statement: Statement
  readonly values: readonly unknown[]
  readonly resolve: (answered: Answered) => void
  readonly reject: (error: unknown) => void
}

/** By connection and name, of those that it has prepared. */
const shapes = new WeakMap<pg.ClientBase, Map<string, RowShape>>()

/**
 * The way of statements to one connection. Those sent in one turn, without anything awaited in between, go out together
 * behind it, or sooner by `flush`; they run in the order they were sent. In a transaction that has failed, whatever was
 * sent behind what failed rejects with that one's error: which of them is heard first is left to chance.
 */
export class Pipeline {
  private readonly client: pg.ClientBase
  private readonly prepare: boolean
  private readonly shapes: Map<string, RowShape>
  private waiting: Waiting[] = []
  /** The error of the first statement that failed by itself. */
  private failure: unknown = null
  /** Settles, and never rejects, once all that was sent alone has been heard, which is some ticks after its answer. */
  private heard: Promise<void> = Promise.resolve()

  /** @param prepare false where the connection keeps no statements */
  constructor(client: pg.ClientBase, prepare: boolean) {
    this.client = client
    this.prepare = prepare
    this.shapes = shapes.get(client) ?? new Map<string, RowShape>()
    shapes.set(client, this.shapes)
  }

  send(statement: Statement, values: readonly unknown[]): Promise<Answered> {
    return new Promise((resolve, reject) => {
      if (this.waiting.push({ statement, values, resolve, reject }) === 1) queueMicrotask(() => this.flush())
    })
  }

  flush(): void {
    const all = this.waiting
    this.waiting = []
    let known: (Waiting & { readonly shape: RowShape })[] = []
    for (const each of all) {
      const shape = this.shapes.get(each.statement.name)
      if (shape) {
        known.push({ ...each, shape })
        continue
      }
      this.sendKnown(known)
      known = []
      this.sendAlone(each)
    }
    this.sendKnown(known)
  }

  private sendKnown(statements: readonly (Waiting & { readonly shape: RowShape })[]): void {
    if (statements.length === 0) return
    const prepared = statements.map(({ statement, values, shape }): Prepared => ({
      name: statement.name,
      values,
      shape,
    }))
    this.client.query(
      new BatchQuery(prepared, (error, answered) => {
        for (const [i, { resolve, reject }] of statements.entries()) {
          const own = answered[i]
          if (own) resolve(own)
          else this.fail(error, reject)
        }
      }),
    )
  }

  /** As `pg` sends it: the first of its name on this connection, which prepares it and learns its columns, or one without. */
  private sendAlone({ statement: { name, text }, values, resolve, reject }: Waiting): void {
    const isKept = this.prepare && name !== ''
    const config = { text, values: [...values], ...(isKept && { name }) }
    this.heard = this.client.query<Record<string, unknown>>(config).then(
      ({ rows, command, fields }) => {
        if (isKept) this.shapes.set(name, this.shapeOf(fields))
        resolve({ rows, command })
      },
      (error: unknown) => this.fail(error, reject),
    )
  }

  private fail(error: unknown, reject: Waiting['reject']): void {
    if (isOfFailedTransaction(error)) {
      void this.heard.then(() => reject(this.failure ?? error))
      return
    }
    this.failure ??= error
    reject(error)
  }

  private shapeOf(fields: readonly pg.FieldDef[]): RowShape {
    return fields.map(({ name, dataTypeID }) => ({
      column: name,
      parse: this.client.getTypeParser(dataTypeID) as (text: string) => unknown,
    }))
  }
}
