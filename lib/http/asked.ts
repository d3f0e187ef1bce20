import type { IncomingMessage } from 'node:http'

/** What the device API reads of a request: a Request is one, and so is Node's own in `PlainRequest`. */
export interface Asked {
  readonly method: string
  /** Absolute, or from the path on. */
  readonly url: string
  readonly headers: AskedHeaders
  readonly body: ReadableStream<Uint8Array> | null
  arrayBuffer(): Promise<ArrayBuffer>
}
export type AskedHeaders = Pick<Headers, 'get' | 'has'>

/** A GET as `node:http` has it. A Request around it costs more than all that a poll with nothing new needs to know. */
export class PlainRequest implements Asked {
  readonly method = 'GET'
  readonly body = null
  readonly headers: AskedHeaders
  readonly url: string

  constructor(incoming: IncomingMessage) {
    this.headers = new RawHeaders(incoming.rawHeaders)
    this.url = incoming.url ?? '/'
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new ArrayBuffer(0)
  }
}

/** Headers as they came. As in `Headers`, one that comes twice has both values: two tokens are none. */
class RawHeaders implements AskedHeaders {
  private readonly lines: readonly string[]

  /** @param lines names and values in turn */
  constructor(lines: readonly string[]) {
    this.lines = lines
  }

  /** @param name in lower case */
  get(name: string): string | null {
    const { lines } = this
    let value: string | null = null
    for (let i = 0; i + 1 < lines.length; i += 2) {
      const own = lines[i] as string
      if (own.length !== name.length || (own !== name && own.toLowerCase() !== name)) continue
      const text = lines[i + 1] as string
      value = value === null ? text : `${value}, ${text}`
    }
    return value
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }
}
