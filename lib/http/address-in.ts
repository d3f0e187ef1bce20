import type { AskedHeaders } from './asked.ts'

const ADDRESS_CHARS_MAX = 64

/**
 * The address that a request came from, for throttling and the audit log: the last entry of X-Forwarded-For, which
 * is the one that our own server, or the proxy in front of it, wrote. Entries before it are the sender's words.
 */
export function addressIn(headers: AskedHeaders): string | null {
  const last = headers.get('x-forwarded-for')?.split(',').at(-1)?.trim()
  return last === undefined || last === '' ? null : last.slice(0, ADDRESS_CHARS_MAX)
}
