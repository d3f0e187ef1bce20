import type { LoadRows } from '#components/table/row-store.ts'
import { withParams } from '#components/ui/search-params.ts'
import { refusal } from './send-json.ts'

/** Rows that are asked for at once: some screens of them, little enough that reading them drops no frame. */
export const ROWS_AT_ONCE = 250
/** What takes longer has no answer: the server itself gives up on a statement before. */
const LOAD_TIMEOUT_MS = 30_000

/**
 * Loads pages of a list of the operator API.
 * @param url with everything that the list is asked by, but the cursor
 * @param toRows what the table shows of the items; `atMs` is when they were read, by the server's clock
 */
export const loadRows =
  <Item, Row>(url: string, toRows: (items: readonly Item[], atMs: number) => readonly Row[]): LoadRows<Row> =>
  async (cursor, signal) => {
    const [path = '', query = ''] = url.split('?')
    const answer = await fetch(withParams(path, query, { cursor, limit: String(ROWS_AT_ONCE) }), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(LOAD_TIMEOUT_MS)]),
      headers: { accept: 'application/json' },
    })
    const body: unknown = await answer.json().catch(() => null)
    if (!answer.ok) return { ok: false, message: refusal(answer.status, body).message }
    if (!isPage<Item>(body)) return { ok: false, message: 'the answer is not a list' }
    const readAtMs = Date.parse(answer.headers.get('date') ?? '')
    const atMs = Number.isNaN(readAtMs) ? Date.now() : readAtMs
    return { ok: true, page: { rows: toRows(body.items, atMs), nextCursor: body.nextCursor } }
  }

/** What the items are is the contract's: the tests hold its answers to it. */
function isPage<Item>(body: unknown): body is { items: readonly Item[]; nextCursor: string | null } {
  if (typeof body !== 'object' || body === null || !('items' in body) || !('nextCursor' in body)) return false
  return Array.isArray(body.items) && (typeof body.nextCursor === 'string' || body.nextCursor === null)
}
