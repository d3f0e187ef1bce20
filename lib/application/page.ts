import { z } from 'zod'
import { decodeBase64url, encodeBase64url } from '#lib/kernel/base64url.ts'
import type { Cursor, Page, PageRequest } from '#lib/storage/ports.ts'
import { badRequest } from './errors.ts'

export const PAGE_LIMIT_DEFAULT = 50
export const PAGE_LIMIT_MAX = 500

/** The members of every list's query (protocol.md, operator API). */
export const pageInput = {
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT_MAX).optional(),
}

export interface PageInput {
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
}

/** A list as the operator API answers it. */
export interface ItemList<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

/** @throws ApplicationError `bad_request` for a cursor that is not ours */
export function pageRequest({ cursor, limit }: PageInput): PageRequest {
  return { limit: limit ?? PAGE_LIMIT_DEFAULT, cursor: cursor === undefined ? null : decodeCursor(cursor) }
}

export function itemList<T, U>(page: Page<T>, show: (item: T) => U): ItemList<U> {
  return { items: page.items.map(show), nextCursor: page.next && encodeCursor(page.next) }
}

const encodeCursor = ({ atMs, id }: Cursor): string =>
  encodeBase64url(new TextEncoder().encode(`${atMs}/${id}`))

function decodeCursor(text: string): Cursor {
  const bytes = decodeBase64url(text)
  const match = bytes && /^(-?\d{1,15})\/([\w-]{1,64})$/.exec(new TextDecoder().decode(bytes))
  if (!match) throw badRequest([{ path: '/cursor', message: 'must be a cursor of an earlier page' }])
  return { atMs: Number(match[1]), id: match[2] as string }
}
