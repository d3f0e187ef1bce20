'use client'
import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type FocusEvent,
  type KeyboardEvent,
  type RefObject,
} from 'react'
import { MOVE_EVENT, type MoveEvent } from '#components/shell/key-map.ts'

export type RowFocus = {
  /** The row that has the focus, or is about to; null without one. It has to be drawn. */
  focused: number | null
  /** For the table's body. */
  onFocus: (event: FocusEvent) => void
  onBlur: (event: FocusEvent) => void
  onKeyDown: (event: KeyboardEvent) => void
}

/** The focus within a list of which only a part is drawn: it goes from row to row by number, seen or not. */
export function useRowFocus({
  body,
  count,
  rowPx,
  onReach,
}: {
  body: RefObject<HTMLElement | null>
  count: number
  rowPx: number
  /** Hears how many rows lie behind the one that got the focus. */
  onReach: (rowsBehind: number) => void
}): RowFocus {
  const [focused, setFocused] = useState<number | null>(null)
  // Keys come faster than rows are drawn: where the focus is, and where it has to go once its row is there.
  const at = useRef<number | null>(null)
  const wanted = useRef<number | null>(null)
  const note = useCallback((row: number | null): void => {
    at.current = row
    setFocused(row)
  }, [])

  const go = useCallback(
    (to: number): void => {
      if (body.current === null || count === 0) return
      const row = Math.min(count - 1, Math.max(0, to))
      note(row)
      bringIntoView(body.current, row, rowPx)
      const link = linkOf(body.current, row)
      wanted.current = link === null ? row : null
      link?.focus({ preventScroll: true })
      onReach(count - 1 - row)
    },
    [body, count, rowPx, onReach, note],
  )
  useLayoutEffect(() => {
    const link = wanted.current === null ? null : linkOf(body.current, wanted.current)
    if (link === null) return
    wanted.current = null
    link.focus({ preventScroll: true })
  })
  useEffect(() => {
    const onMove = (event: MoveEvent): void => {
      if (body.current === null) return
      event.preventDefault()
      const by = event.detail
      if (at.current === null) go(by === 1 ? firstSeen(body.current, rowPx) : lastSeen(body.current, rowPx))
      else go(at.current + by)
    }
    document.addEventListener(MOVE_EVENT, onMove as EventListener)
    return () => document.removeEventListener(MOVE_EVENT, onMove as EventListener)
  }, [body, go, rowPx])

  return {
    focused,
    onFocus: ({ target }) => {
      const row = target.closest('[data-row]')?.getAttribute('data-row')
      if (row === undefined || row === null) return
      note(Number(row))
      onReach(count - 1 - Number(row))
    },
    onBlur: ({ currentTarget, relatedTarget }) => {
      // The window itself may have lost the focus, which then comes back to where it was.
      if (relatedTarget !== null && !currentTarget.contains(relatedTarget)) note(null)
    },
    onKeyDown: (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return
      if (event.key === 'Home') go(0)
      else if (event.key === 'End') go(count - 1)
      else return
      event.preventDefault()
    },
  }
}

const linkOf = (body: HTMLElement | null, row: number): HTMLElement | null =>
  body?.querySelector<HTMLElement>(`[data-row="${row}"] .row-link`) ?? null

/** The part of the window that nothing stands over: between the table's head and what stays at the foot. */
function clear(body: HTMLElement): { topPx: number; bottomPx: number } {
  const bar = document.querySelector('.top')?.getBoundingClientRect().bottom ?? 0
  const head = body.parentElement?.querySelector('thead th')?.getBoundingClientRect().bottom ?? 0
  const feet = [...document.querySelectorAll('.list-foot, .tabbar')].map((foot) =>
    foot.getBoundingClientRect(),
  )
  const tops = feet.filter(({ height }) => height > 0).map(({ top }) => top)
  return { topPx: Math.max(bar, head), bottomPx: Math.min(window.innerHeight, ...tops) }
}

function bringIntoView(body: HTMLElement, row: number, rowPx: number): void {
  const { topPx, bottomPx } = clear(body)
  const from = body.getBoundingClientRect().top + row * rowPx
  const byPx = from < topPx ? from - topPx : Math.max(0, from + rowPx - bottomPx)
  if (byPx !== 0) window.scrollBy({ top: byPx, behavior: 'instant' })
}

/** Parts of a row: an edge that is cut by less is seen whole. */
const CUT_MAX = 0.25
const firstSeen = (body: HTMLElement, rowPx: number): number =>
  Math.ceil((clear(body).topPx - body.getBoundingClientRect().top) / rowPx - CUT_MAX)
const lastSeen = (body: HTMLElement, rowPx: number): number =>
  Math.floor((clear(body).bottomPx - body.getBoundingClientRect().top) / rowPx + CUT_MAX) - 1
