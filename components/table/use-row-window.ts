'use client'
import { useCallback, useEffect, useSyncExternalStore, type RefObject } from 'react'
import { rowRange, type RowRange } from '#components/table/row-window.ts'

/** Where nothing can be measured: a screen of rows. */
const START = '0 64'

/**
 * The rows around what the window shows of a list whose rows are `rowPx` high. `onMove` hears at each scroll how many rows lie
 * below what is seen.
 */
export function useRowWindow({
  body,
  count,
  rowPx,
  onMove,
}: {
  body: RefObject<HTMLElement | null>
  count: number
  rowPx: number
  onMove: (rowsBelow: number) => void
}): RowRange {
  // As a text, which is the same for the same rows: only another one draws anew, and that before the scroll is seen.
  const look = useCallback((): string => {
    if (body.current === null) return START
    const { from, to } = rowRange({
      seenPx: seenPxOf(body.current),
      heightPx: window.innerHeight,
      rowPx,
      count,
    })
    return `${from} ${to}`
  }, [body, count, rowPx])
  const [from = 0, to = 0] = useSyncExternalStore(subscribe, look, () => START)
    .split(' ')
    .map(Number)
  useEffect(() => {
    const onScroll = (): void => {
      if (body.current === null) return
      onMove(count - Math.ceil((seenPxOf(body.current) + window.innerHeight) / rowPx))
    }
    window.addEventListener('scroll', onScroll, { passive: true })
    return () => window.removeEventListener('scroll', onScroll)
  }, [body, count, rowPx, onMove])
  return { from, to }
}

/** How far the first row lies above the upper edge of the window. */
const seenPxOf = (body: HTMLElement): number => -body.getBoundingClientRect().top

function subscribe(changed: () => void): () => void {
  window.addEventListener('scroll', changed, { passive: true })
  window.addEventListener('resize', changed)
  return () => {
    window.removeEventListener('scroll', changed)
    window.removeEventListener('resize', changed)
  }
}
