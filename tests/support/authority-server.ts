import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface AskedMutation {
  readonly id: string
  readonly recordId: string
  readonly op: unknown
  readonly record: { readonly version: number } | null
}

export interface Asked {
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: {
    readonly fleet: string
    readonly collection: string
    readonly device: unknown
    readonly replay: boolean
    readonly mutations: readonly AskedMutation[]
  }
}

export interface Answer {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

const accepted = ({ body }: Asked): Answer => ({
  body: { decisions: body.mutations.map(({ id }) => ({ id, decision: 'accept' })) },
})

/** A fleet's own backend on loopback. It accepts everything until a test says otherwise. */
export class AuthorityServer {
  readonly asked: Asked[] = []
  answer: (asked: Asked) => Answer | null | Promise<Answer | null> = accepted
  private readonly server: Server
  url = ''

  private constructor() {
    this.server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        const text = Buffer.concat(parts).toString()
        const asked = { headers: request.headers, text, body: JSON.parse(text) as Asked['body'] }
        this.asked.push(asked)
        void Promise.resolve(this.answer(asked)).then((answer) => {
          // Null: it never answers.
          if (!answer) return
          response.writeHead(answer.status ?? 200, answer.headers)
          response.end(JSON.stringify(answer.body ?? {}))
        })
      })
    })
  }

  static async open(): Promise<AuthorityServer> {
    const made = new AuthorityServer()
    await new Promise<void>((resolve) => made.server.listen(0, '127.0.0.1', resolve))
    made.url = `http://127.0.0.1:${(made.server.address() as AddressInfo).port}/authority`
    return made
  }

  accept(): void {
    this.answer = accepted
  }

  refuse(message: string): void {
    this.answer = ({ body }) => ({
      body: { decisions: body.mutations.map(({ id }) => ({ id, decision: 'refuse', message })) },
    })
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

/** As docs/authority.md tells a backend to check it. */
export function isSignedBy(secret: string, { headers, text }: Asked): boolean {
  const timestamp = String(headers['tidemark-timestamp'])
  const mac = createHmac('sha256', secret).update(`${timestamp}.${text}`).digest('hex')
  return headers['tidemark-signature'] === `v1=${mac}` && Math.abs(Date.now() - Number(timestamp)) < 60_000
}
