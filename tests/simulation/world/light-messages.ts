const encoder = new TextEncoder()

/** What of `Headers` the API and the SDK use. */
class LightHeaders {
  private readonly values = new Map<string, string>()

  constructor(init: Readonly<Record<string, string>> | LightHeaders = {}) {
    const entries = init instanceof LightHeaders ? init.values : Object.entries(init)
    for (const [name, value] of entries) this.values.set(name.toLowerCase(), String(value))
  }

  get = (name: string): string | null => this.values.get(name.toLowerCase()) ?? null
}

type HeadersInit = Readonly<Record<string, string>> | LightHeaders | undefined

/** A body that is text, as all of this API's are; it can be read once, as a real one. */
class LightBody {
  readonly headers: LightHeaders
  readonly body: null = null
  private readonly content: string

  constructor(content: unknown, headers: HeadersInit) {
    if (typeof content !== 'string' && content !== null && content !== undefined)
      throw new Error('a simulated message has text or nothing')
    this.content = content ?? ''
    this.headers = new LightHeaders(headers)
  }

  text = async (): Promise<string> => this.content
  arrayBuffer = async (): Promise<Uint8Array> => encoder.encode(this.content)
}

class LightRequest extends LightBody {
  readonly url: string
  readonly method: string

  constructor(
    url: string,
    init: { readonly method: string; readonly headers: Record<string, string>; readonly body: string | null },
  ) {
    super(init.body, withLength(init.headers, init.body))
    this.url = url
    this.method = init.method
  }
}

const withLength = (
  headers: Readonly<Record<string, string>>,
  body: string | null,
): Record<string, string> => ({
  ...headers,
  ...(body === null ? {} : { 'content-length': String(encoder.encode(body).length) }),
})

class LightResponse extends LightBody {
  readonly status: number
  readonly ok: boolean

  constructor(body?: unknown, init: { readonly status?: number; readonly headers?: HeadersInit } = {}) {
    super(body, init.headers)
    this.status = init.status ?? 200
    this.ok = this.status >= 200 && this.status < 300
  }
}

/**
 * Requests and responses without streams, in place of the platform's for the whole process, as the server's own listener
 * has them in production: the platform's cost as much as everything else in a simulated request.
 */
export function useLightMessages(): void {
  Object.assign(globalThis, { Request: LightRequest, Response: LightResponse })
}
