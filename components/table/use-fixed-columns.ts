'use client'
import { useCallback, useState, type RefCallback } from 'react'

/** As a browser laid the table out: px of each column that is seen, and of a row. */
export type Layout = { widthsPx: readonly number[]; rowPx: number }

/**
 * The layout that the table has by its content, measured once it is `on` and again when its width changes; null until then.
 * Kept, it holds the columns in their place while other rows come into view.
 */
export function useFixedColumns(on: boolean): {
  layout: Layout | null
  /** For the table. */
  ref: RefCallback<HTMLTableElement>
} {
  const [layout, setLayout] = useState<Layout | null>(null)
  const isWanted = on && layout === null
  const ref = useCallback(
    (table: HTMLTableElement | null) => {
      const frame = table?.parentElement
      if (!on || !table || !frame) return
      if (isWanted) setLayout(measure(table))
      const widthPx = frame.clientWidth
      const observer = new ResizeObserver(() => {
        // A phone's browser bar changes the height alone.
        if (frame.clientWidth !== widthPx) setLayout(null)
      })
      observer.observe(frame)
      return () => observer.disconnect()
    },
    [on, isWanted],
  )
  return { layout: on ? layout : null, ref }
}

function measure(table: HTMLTableElement): Layout | null {
  const row = table.querySelector('tbody [data-row]')
  if (row === null) return null
  const heads = [...table.querySelectorAll('thead th')]
  const widthsPx = heads.map((head) => head.getBoundingClientRect().width).filter((width) => width > 0)
  return { widthsPx, rowPx: row.getBoundingClientRect().height }
}
