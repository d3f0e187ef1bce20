'use client'
import { useLayoutEffect, useState, useSyncExternalStore } from 'react'
import { openRowStore, type FirstPage, type RowsShown, type RowStore } from '#components/table/row-store.ts'

/** The list that was on the screen last, so that the way back leads to the same place in it. */
type Last = { address: string; store: unknown; left: { atMs: number; scrollPx: number } | null }

/** The browser's alone: nothing is drawn on the server after it was. */
let last: Last | null = null
let wentBackMs = Number.NEGATIVE_INFINITY

const onBack = (): void => {
  wentBackMs = performance.now()
}

export type UsedRowStore<Row> = {
  store: RowStore<Row>
  shown: RowsShown<Row>
  /** Where the page was scrolled to when the list was left; null where the list is new. */
  returnToPx: number | null
}

/** The rows of the list at `address`, with what had been loaded of it when one comes back to it. */
export function useRowStore<Row>(
  address: string,
  page: FirstPage<Row>,
  keyOf: (row: Row) => string,
): UsedRowStore<Row> {
  const [{ store, returnToPx }] = useState(
    () => takeLast<Row>(address) ?? { store: openRowStore(page, keyOf), returnToPx: null },
  )
  const shown = useSyncExternalStore(store.subscribe, store.shown, store.shown)
  // Before the browser draws: an old first page would show for a moment.
  useLayoutEffect(() => store.follow(page), [store, page])
  useLayoutEffect(() => {
    last = { address, store, left: null }
    store.comeBack()
    return () => {
      store.leave()
      last = { address, store, left: { atMs: performance.now(), scrollPx: window.scrollY } }
      window.addEventListener('popstate', onBack, { once: true })
    }
  }, [address, store])
  return { store, shown, returnToPx }
}

/** What was loaded, where one went back to the list, or where it never left and is drawn anew. */
function takeLast<Row>(address: string): { store: RowStore<Row>; returnToPx: number } | null {
  if (last === null || last.address !== address) return null
  const { left } = last
  // The router draws a page that it still has within its own listener, which comes before ours.
  const isBack = left === null || wentBackMs > left.atMs || window.event?.type === 'popstate'
  if (!isBack) return null
  // The address names the list, and so what its rows are.
  return { store: last.store as RowStore<Row>, returnToPx: left?.scrollPx ?? window.scrollY }
}
