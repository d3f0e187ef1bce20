const encoder = new TextEncoder()
const decoder = new TextDecoder()

type HeadersInit = Readonly<Record<string, string>> | LightHeaders | undefined

/** What of `Headers` the API and the SDK use; both name theirs in lower case. */
class LightHeaders {
  private readonly values: Readonly<Record<string, string>>
  /** `content-length`, which the platform counts. */
  private readonly length: number | null

  constructor(init: HeadersInit, length: number | null = null) {
    this.values = init instanceof LightHeaders ? init.values : (init ?? {})
    this.length = length
  }

  get(name: string): string | null {
    if (name === 'content-length' && this.length !== null) return String(this.length)
    return this.values[name] ?? null
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }
}

/**
 * A body that is text, or its bytes, as all of this API's are but the stream of events; unlike a real one it can be read
 * again.
 */
class LightBody {
  readonly body: null = null
  private readonly content: string

  constructor(content: unknown) {
    this.content = content instanceof Uint8Array ? decoder.decode(content) : textOf(content)
  }

  async text(): Promise<string> {
    return this.content
  }
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (content === null || content === undefined) return ''
  throw new Error('a simulated message has text or nothing')
}

class LightRequest extends LightBody {
  readonly url: string
  readonly method: string
  readonly headers: LightHeaders
  private readonly bytes: Uint8Array | null

  constructor(
    url: string,
    init: { readonly method: string; readonly headers: Record<string, string>; readonly body: string | null },
  ) {
    super(init.body)
    this.bytes = init.body === null ? null : encoder.encode(init.body)
    this.headers = new LightHeaders(init.headers, this.bytes?.length)
    this.url = url
    this.method = init.method
  }

  async arrayBuffer(): Promise<Uint8Array> {
    return this.bytes ?? new Uint8Array()
  }
}

class LightResponse extends LightBody {
  readonly status: number
  readonly ok: boolean
  readonly headers: LightHeaders

  constructor(body?: unknown, init: { readonly status?: number; readonly headers?: HeadersInit } = {}) {
    super(body)
    this.headers = new LightHeaders(init.headers)
    this.status = init.status ?? 200
    this.ok = this.status >= 200 && this.status < 300
  }
}

/** What the SDK uses of an `AbortSignal`. */
class LightSignal {
  aborted = false
  private readonly listeners = new Set<() => void>()

  addEventListener(_: 'abort', listener: () => void): void {
    this.listeners.add(listener)
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    this.listeners.delete(listener)
  }

  fire(): void {
    if (this.aborted) return
    this.aborted = true
    for (const listener of this.listeners) listener()
  }
}

class LightAbortController {
  readonly signal = new LightSignal()

  abort(): void {
    this.signal.fire()
  }
}

/**
 * Requests and responses without streams, and what cuts them off, in place of the platform's for the whole process: those
 * cost as much as everything else in a simulated request.
 */
export function useLightMessages(): void {
  Object.assign(globalThis, {
    Request: LightRequest,
    Response: LightResponse,
    AbortController: LightAbortController,
  })
}
