import type { ServerResponse } from 'node:http'
import { SECURITY_LINES } from './security-lines.ts'

/**
 * An answer before it is one of a platform's: `node:http` writes it as it is. A Response in between, whose body is a
 * stream, costs more there than all else that a poll with nothing new does.
 */
export interface Answer {
  readonly status: number
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null
}

export const toResponse = ({ status, headers, body }: Answer): Response =>
  new Response(body, { status, headers })

/** Writes an answer whose body is known whole; false, with nothing written, for a stream. */
export function writeWhole({ status, headers, body }: Answer, outgoing: ServerResponse): boolean {
  if (body instanceof ReadableStream) return false
  // Names and values in turn: Node goes through an object twice.
  const lines: string[] = [...SECURITY_LINES]
  for (const name in headers) lines.push(name, headers[name] as string)
  if (body === null) {
    outgoing.writeHead(status, lines).end()
    return true
  }
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
  lines.push('content-length', String(length))
  outgoing.writeHead(status, lines).end(body)
  return true
}
