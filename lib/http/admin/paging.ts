import { z } from 'zod'
import { decodeBase64url, encodeBase64url } from '#lib/kernel/base64url.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { Cursor, Page, PageRequest } from '#lib/storage/ports.ts'

export const PAGE_LIMIT_DEFAULT = 50
export const PAGE_LIMIT_MAX = 500

/** Where a list goes on: opaque to the caller, base64url of `<ms>.<id>`. */
export function encodeCursor({ atMs, id }: Cursor): string {
  return encodeBase64url(new TextEncoder().encode(`${atMs}.${id}`))
}

function decodeCursor(text: string): Cursor | null {
  const bytes = decodeBase64url(text)
  const found = bytes && /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(new TextDecoder().decode(bytes))
  return found ? { atMs: Number(found[1]), id: found[2] as string } : null
}

/** A time in a query: Unix milliseconds or ISO 8601. */
export const instant = z.string().transform((text, check) => {
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isFinite(ms)) return ms
  check.addIssue({ code: 'custom', message: 'must be Unix milliseconds or an ISO 8601 time' })
  return z.NEVER
})

/** `true` or `1`. */
export const flag = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1')

const cursor = z.string().transform((text, check) => {
  const decoded = decodeCursor(text)
  if (decoded) return decoded
  check.addIssue({ code: 'custom', message: 'must be a nextCursor of this list' })
  return z.NEVER
})

/** What every list takes (protocol.md, operator API). */
export const listQuery = z.strictObject({
  fleet: uuid.optional(),
  cursor: cursor.optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT_MAX).default(PAGE_LIMIT_DEFAULT),
})

export const pageRequest = (query: { limit: number; cursor?: Cursor | undefined }): PageRequest => ({
  limit: query.limit,
  cursor: query.cursor ?? null,
})

export const pageAnswer = <T>({ items, next }: Page<T>): { items: readonly T[]; nextCursor: string | null } => ({
  items,
  nextCursor: next && encodeCursor(next),
})

/** A list that fits into one page. */
export const wholeList = <T>(items: readonly T[]): { items: readonly T[]; nextCursor: null } => ({ items, nextCursor: null })
