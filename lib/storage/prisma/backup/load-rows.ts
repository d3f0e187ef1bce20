import type pg from 'pg'
import type { BackupTable } from './backup-file.ts'
import { copyIn } from './copy.ts'
import { copyInto } from './tables.ts'
import { linesOf } from './take-backup.ts'

/** Hands one piece at a time from who reads the file to the COPY that takes it. */
class Handoff implements AsyncIterable<Uint8Array> {
  private piece: Uint8Array | null = null
  private ended = false
  private wake: () => void = () => {}
  private taken: () => void = () => {}

  /** Fulfilled when it was taken. */
  put(piece: Uint8Array): Promise<void> {
    this.piece = piece
    this.wake()
    return new Promise((resolve) => (this.taken = resolve))
  }

  end(): void {
    this.ended = true
    this.wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.piece === null && !this.ended) await new Promise<void>((resolve) => (this.wake = resolve))
      const { piece } = this
      if (piece === null) return
      this.piece = null
      yield piece
      this.taken()
    }
  }
}

/** Loads tables one after the other, in the order in which their rows come. */
export class TableLoader {
  readonly rows: Record<string, number> = {}
  private readonly client: pg.Client
  private readonly tables: readonly BackupTable[]
  private current: { readonly table: number; readonly to: Handoff; readonly copied: Promise<void> } | null =
    null

  constructor(client: pg.Client, tables: readonly BackupTable[]) {
    this.client = client
    this.tables = tables
  }

  async take(table: number, rows: Uint8Array): Promise<void> {
    const current = this.current?.table === table ? this.current : await this.begin(table)
    const { name = '' } = this.tables[table] ?? {}
    this.rows[name] = (this.rows[name] ?? 0) + linesOf(rows)
    // A COPY that failed takes nothing any more.
    await Promise.race([current.to.put(rows), current.copied])
  }

  /** Behind the last row. */
  async end(): Promise<void> {
    const { current } = this
    this.current = null
    current?.to.end()
    await current?.copied
  }

  private async begin(place: number): Promise<NonNullable<typeof this.current>> {
    await this.end()
    const table = this.tables[place] as BackupTable
    const to = new Handoff()
    const copied = copyIn(this.client, copyInto(table), to)
    // `end` waits for it, and tells; until then its failure is no unheard one, which would end the process.
    copied.catch(() => {})
    this.current = { table: place, to, copied }
    return this.current
  }
}
