import type pg from 'pg'

/** What `pg` hands to a query of one's own; its types leave these out. */
interface Wire {
  readonly stream: NodeJS.WritableStream & {
    pause(): void
    resume(): void
    destroy(): void
    readonly writableNeedDrain: boolean
  }
  query(text: string): void
  sendCopyFromChunk(chunk: Uint8Array): void
  endCopyFrom(): void
  sendCopyFail(message: string): void
}

/** The table's rows, as many bytes at once as one chunk of the file holds. */
const CHUNK_BYTES = 1024 * 1024

const nothing = (): void => {}

/** One COPY over the wire: `pg` reads and writes its messages and leaves the rest to whoever asks. */
abstract class Copy {
  private settle: { resolve: () => void; reject: (error: unknown) => void } | null = null
  readonly done = new Promise<void>((resolve, reject) => (this.settle = { resolve, reject }))
  private readonly text: string
  protected failed: unknown = null
  // What `pg` tells every query, and a COPY has no use for.
  handleRowDescription = nothing
  handleDataRow = nothing
  handlePortalSuspended = nothing
  handleEmptyQuery = nothing
  handleCommandComplete = nothing

  constructor(text: string) {
    this.text = text
    this.done.catch(nothing)
  }

  submit(wire: Wire): void {
    wire.query(this.text)
  }

  handleError(error: unknown): void {
    this.failed ??= error
    this.settle?.reject(error)
  }

  handleReadyForQuery(): void {
    if (this.failed === null) this.settle?.resolve()
    else this.settle?.reject(this.failed)
  }
}

class CopyOut extends Copy {
  private held = Buffer.allocUnsafe(2 * CHUNK_BYTES)
  private used = 0
  private working: Promise<void> = Promise.resolve()
  private readonly take: (chunk: Buffer) => Promise<void>

  constructor(text: string, take: (chunk: Buffer) => Promise<void>) {
    super(text)
    this.take = take
  }

  handleCopyData({ chunk }: { readonly chunk: Uint8Array }, wire: Wire): void {
    if (this.failed !== null) return
    if (this.used + chunk.length > this.held.length) {
      const larger = Buffer.allocUnsafe(2 * (this.used + chunk.length))
      this.held.copy(larger, 0, 0, this.used)
      this.held = larger
    }
    this.held.set(chunk, this.used)
    this.used += chunk.length
    if (this.used < CHUNK_BYTES) return
    // Nothing more is read meanwhile than what the socket has read already.
    wire.stream.pause()
    this.pass()
    void this.working.then(() => {
      // Of rows that nobody takes any more, gigabytes may be to come: the connection goes with them.
      if (this.failed === null) wire.stream.resume()
      else wire.stream.destroy()
    })
  }

  /** What is held, once what was passed on before it is taken. */
  private pass(): void {
    if (this.used === 0) return
    const chunk = Buffer.from(this.held.subarray(0, this.used))
    this.used = 0
    this.working = this.working
      .then(() => (this.failed === null ? this.take(chunk) : undefined))
      .catch((error: unknown) => void (this.failed ??= error))
  }

  async end(): Promise<void> {
    // Of a connection that was given up it tells that it broke, and not why.
    await this.done.catch((error: unknown) => void (this.failed ??= error))
    this.pass()
    await this.working
    if (this.failed !== null) throw this.failed
  }
}

class CopyIn extends Copy {
  private readonly chunks: AsyncIterable<Uint8Array>
  private pumping: Promise<void> = Promise.resolve()

  constructor(text: string, chunks: AsyncIterable<Uint8Array>) {
    super(text)
    this.chunks = chunks
  }

  handleCopyInResponse(wire: Wire): void {
    this.pumping = this.pump(wire)
  }

  private async pump(wire: Wire): Promise<void> {
    try {
      for await (const chunk of this.chunks) {
        if (this.failed !== null) return
        wire.sendCopyFromChunk(chunk)
        if (wire.stream.writableNeedDrain) await Promise.race([drained(wire), this.done])
      }
      wire.endCopyFrom()
    } catch (error) {
      this.failed ??= error
      wire.sendCopyFail('the file could not be read')
    }
  }

  async end(): Promise<void> {
    // One that PostgreSQL refuses is not waited for: its source may have nothing more to give.
    await this.done.catch(() => undefined)
    if (this.failed !== null) throw this.failed
    await this.pumping
  }
}

const drained = ({ stream }: Wire): Promise<void> =>
  new Promise((resolve) => {
    // Either takes the other off: of a large table they would pile up.
    const on = (): void => {
      stream.off('drain', on)
      stream.off('close', on)
      resolve()
    }
    stream.on('drain', on)
    stream.on('close', on)
  })

/** `COPY … TO STDOUT`: the rows in pieces of about a megabyte, the next one after the last was taken. */
export async function copyOut(
  client: pg.Client,
  text: string,
  take: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  const copy = new CopyOut(text, take)
  client.query(copy as unknown as pg.Submittable)
  await copy.end()
}

/** `COPY … FROM STDIN`: all of these pieces, no faster than they are taken. */
export async function copyIn(
  client: pg.Client,
  text: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const copy = new CopyIn(text, chunks)
  client.query(copy as unknown as pg.Submittable)
  await copy.end()
}
