import type { Duplex } from 'node:stream'

export const HEADER_BYTES_MAX: number
interface Refused {
  readonly code: 'headers_too_large' | 'request_timeout' | 'method_not_allowed' | 'malformed_request'
  readonly status: number
  readonly title: string
  readonly help: string
}
export const REFUSED: Readonly<
  Record<'HPE_HEADER_OVERFLOW' | 'ERR_HTTP_REQUEST_TIMEOUT' | 'METHOD' | 'malformed', Refused>
>
export function refuse(error: NodeJS.ErrnoException, socket: Duplex, hasBegun: boolean): void
