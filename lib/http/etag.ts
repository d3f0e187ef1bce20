import type { AskedHeaders } from './asked.ts'

/** What a client holds already, told by `If-None-Match`; weakly, since what compresses on the way weakens a tag (RFC 9110, 13.1.2). */
export function isHeld(headers: AskedHeaders, etag: string): boolean {
  const held = headers.get('if-none-match')?.split(',') ?? []
  return held.some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
}
