import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: unknown
}

/** What a receiver answers; null: nothing at all. */
export type Reply = {
  readonly status: number
  readonly body?: string
  readonly headers?: Record<string, string>
} | null

export interface Receiver {
  readonly url: string
  readonly port: number
  readonly received: Received[]
  /** From now on. */
  reply: (request: Received) => Reply
  close(): Promise<void>
}

/** Somebody on loopback who is told of incidents, and answers 202 until a test says otherwise. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const text = Buffer.concat(parts).toString()
      const body: unknown = text === '' ? null : JSON.parse(text)
      const one = { path: request.url ?? '', headers: request.headers, text, body }
      received.push(one)
      const reply = receiver.reply(one)
      if (reply) response.writeHead(reply.status, reply.headers).end(reply.body ?? '')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    reply: () => ({ status: 202 }),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return receiver
}
