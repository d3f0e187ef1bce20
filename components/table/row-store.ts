/** A list that has so many rows loads no more; what comes behind them starts on a page of its own. */
export const LOADED_ROWS_MAX = 100_000

export type LoadedPage<Row> = { rows: readonly Row[]; nextCursor: string | null }
/** Loads what begins at a cursor; a lost connection throws. */
export type LoadRows<Row> = (
  cursor: string,
  signal: AbortSignal,
) => Promise<{ ok: true; page: LoadedPage<Row> } | { ok: false; message: string }>

/** A list's first page, as the server made it. */
export type FirstPage<Row> = LoadedPage<Row> & {
  /** When it was read, server's Unix ms. */
  atMs: number
  /** Loads what comes behind this page. */
  load: LoadRows<Row>
}

/** How a newer first page differs from the one that stands: rows that it didn't have; `all` when none of them it had. */
export type News = { added: number; all: boolean }

export type RowsShown<Row> = {
  first: FirstPage<Row>
  /** Those of the first page and all that were loaded behind it. */
  rows: readonly Row[]
  nextCursor: string | null
  loading: { kind: 'idle' } | { kind: 'loading' } | { kind: 'failed'; message: string }
  /** Null while the list is as the server last told. */
  news: News | null
}

export type RowStore<Row> = {
  shown: () => RowsShown<Row>
  subscribe: (changed: () => void) => () => void
  /** The server made the first page anew. */
  follow: (page: FirstPage<Row>) => void
  /** Loads what comes next; nothing where it is under way, all is there, or the list is full. */
  more: () => void
  /** Leaves what was loaded for the newest first page. */
  showNewest: () => void
  /** Nobody looks any longer: what is under way is dropped, until `comeBack`. */
  leave: () => void
  /** Somebody looks again: what was dropped is asked anew, as no scroll does at the list's end. */
  comeBack: () => void
}

const NO_ANSWER = 'The server did not answer'

/**
 * The rows of a list that grows while one scrolls. Alone, the first page follows the server; once more was asked for, it
 * stays as it is, so that nothing moves under the pointer, and what is newer is only told of.
 */
export function openRowStore<Row>(page: FirstPage<Row>, keyOf: (row: Row) => string): RowStore<Row> {
  const listeners = new Set<() => void>()
  let shown = only(page)
  let newest = page
  let keys = new Set(page.rows.map(keyOf))
  let underWay: AbortController | null = null

  const set = (next: Partial<RowsShown<Row>>): void => {
    shown = { ...shown, ...next }
    for (const listener of listeners) listener()
  }
  const startWith = (next: FirstPage<Row>): void => {
    keys = new Set(next.rows.map(keyOf))
    set(only(next))
  }
  const append = ({ rows, nextCursor }: LoadedPage<Row>): void => {
    // One that moved since the page before is there already.
    const fresh = rows.filter((row) => !keys.has(keyOf(row)))
    for (const row of fresh) keys.add(keyOf(row))
    set({ rows: [...shown.rows, ...fresh], nextCursor, loading: { kind: 'idle' } })
  }

  const ask = async (load: LoadRows<Row>, cursor: string): Promise<void> => {
    const request = new AbortController()
    underWay = request
    const answer = await load(cursor, request.signal).catch(() => ({
      ok: false as const,
      message: NO_ANSWER,
    }))
    if (underWay !== request) return
    underWay = null
    if (answer.ok) append(answer.page)
    else set({ loading: { kind: 'failed', message: answer.message } })
  }

  return {
    shown: () => shown,
    subscribe(changed) {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
    follow(next) {
      if (next === newest) return
      newest = next
      if (isAlone(shown)) startWith(next)
      else set({ news: newsOf(shown.first, next, keyOf) })
    },
    more() {
      const { nextCursor, rows, loading, first } = shown
      if (nextCursor === null || loading.kind === 'loading' || rows.length >= LOADED_ROWS_MAX) return
      set({ loading: { kind: 'loading' } })
      void ask(first.load, nextCursor)
    },
    showNewest() {
      underWay?.abort()
      underWay = null
      startWith(newest)
    },
    leave() {
      underWay?.abort()
      underWay = null
    },
    comeBack() {
      const { nextCursor, loading, first } = shown
      if (loading.kind === 'loading' && underWay === null && nextCursor !== null)
        void ask(first.load, nextCursor)
    },
  }
}

const only = <Row>(first: FirstPage<Row>): RowsShown<Row> => ({
  first,
  rows: first.rows,
  nextCursor: first.nextCursor,
  loading: { kind: 'idle' },
  news: null,
})

const isAlone = <Row>({ first, rows, loading }: RowsShown<Row>): boolean =>
  rows === first.rows && loading.kind === 'idle'

/** Null where both have the same rows in the same order. Pure. */
function newsOf<Row>(old: FirstPage<Row>, now: FirstPage<Row>, keyOf: (row: Row) => string): News | null {
  const had = old.rows.map(keyOf)
  const has = now.rows.map(keyOf)
  if (has.length === had.length && has.every((key, index) => key === had[index])) return null
  const before = new Set(had)
  const added = has.filter((key) => !before.has(key)).length
  return { added, all: added === has.length }
}
