import { z } from 'zod'
import { decodeBase64url, encodeBase64url } from '#lib/kernel/base64url.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import type { Cursor, Page, PageRequest } from '#lib/storage/ports.ts'
import { badRequest } from './errors.ts'

export const PAGE_LIMIT_DEFAULT = 50
export const PAGE_LIMIT_MAX = 500

/** `Date.parse` takes much else, and makes of `-1` a year. */
const ISO_8601 = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:?\d{2})?)?$/

/** The latest time in Unix milliseconds that is taken as one; a database keeps no time that is much later. */
const INSTANT_MAX_MS = 999_999_999_999_999

/** A time in a query: Unix milliseconds of 15 figures at most, or ISO 8601. */
export const instant = z.string().transform((text, check) => {
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : ISO_8601.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(ms)) return ms
  check.addIssue({ code: 'custom', message: 'must be Unix milliseconds or an ISO 8601 time' })
  return z.NEVER
})

/** A time in a body: the same, or Unix milliseconds as a number. */
export const bodyInstant = z.union([z.int().min(0).max(INSTANT_MAX_MS), instant])

/** The members of every list's query. */
export const pageInput = {
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT_MAX).optional(),
}
/** Of a list in the order of its times: those in [from, to). */
export const rangeInput = { from: instant.optional(), to: instant.optional() }

export interface PageInput {
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
  /** Unix ms; the page begins before it. */
  readonly to?: number | undefined
}

/** A list as the operator API answers it. */
export interface ItemList<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

/** @throws ApplicationError `bad_request` for a cursor that is not ours */
export function pageRequest({ cursor, limit, to }: PageInput): PageRequest {
  const after = cursor === undefined ? null : decodeCursor(cursor)
  const end = to === undefined || (after && after.atMs < to) ? null : { atMs: to, id: LOWEST_ID }
  return { limit: limit ?? PAGE_LIMIT_DEFAULT, cursor: end ?? after }
}

/** Of equal times the highest id comes first, so that behind this one stands what is older. */
export const LOWEST_ID = '00000000-0000-0000-0000-000000000000'

/** The page without what is older than `from`, at which the list ends. */
export function since<T>(page: Page<T>, from: number | undefined, atMs: (item: T) => number): Page<T> {
  if (from === undefined) return page
  const items = page.items.filter((item) => atMs(item) >= from)
  return { items, next: items.length === page.items.length ? page.next : null }
}

export function itemList<T, U>(page: Page<T>, show: (item: T) => U): ItemList<U> {
  return { items: page.items.map(show), nextCursor: page.next && encodeCursor(page.next) }
}

const encodeCursor = ({ atMs, id }: Cursor): string =>
  encodeBase64url(new TextEncoder().encode(`${atMs}/${id}`))

const CURSOR = /^(-?\d{1,15})\/(.+)$/
/** Of the years that the contract's times can name. */
const AT_MS_MIN = Date.parse('0000-01-01T00:00:00.000Z')
const AT_MS_MAX = Date.parse('9999-12-31T23:59:59.999Z')

function parseCursor(text: string): Cursor | null {
  const bytes = decodeBase64url(text)
  const [, time, id] = (bytes && CURSOR.exec(new TextDecoder().decode(bytes))) ?? []
  const atMs = Number(time)
  return isUuid(id) && atMs >= AT_MS_MIN && atMs <= AT_MS_MAX ? { atMs, id } : null
}

export const isCursor = (text: string): boolean => parseCursor(text) !== null

function decodeCursor(text: string): Cursor {
  const cursor = parseCursor(text)
  if (!cursor) throw badRequest([{ path: '/cursor', message: 'must be a cursor of an earlier page' }])
  return cursor
}
