import { PAGE_LIMIT_MAX, type ItemList } from './page.ts'

/** A whole list, page by page as they are asked for: one page at a time is held. */
export async function* listPages<T>(
  list: (page: { readonly cursor?: string; readonly limit: number }) => Promise<ItemList<T>>,
  limit = PAGE_LIMIT_MAX,
): AsyncGenerator<readonly T[], undefined, undefined> {
  let cursor: string | null = null
  do {
    const page: ItemList<T> = await list({ limit, ...(cursor === null ? {} : { cursor }) })
    yield page.items
    cursor = page.nextCursor
  } while (cursor !== null)
  return undefined
}
