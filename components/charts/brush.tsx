'use client'
import { usePathname, useRouter, useSearchParams } from 'next/navigation'
import { useRef, useState, type PointerEvent, type ReactNode } from 'react'
import { spanAt, type BrushField } from '#components/charts/brush-span.ts'
import { withParams } from '#components/ui/search-params.ts'

/**
 * Over a plot: dragging shows the time that was dragged over, a click the sessions of the point. The keyboard does the first
 * by the time picker.
 */
export function Brush({
  field,
  pointHref,
  children,
}: {
  field: BrushField
  /** The list that a click opens, with the filters that belong to it: its `from` and `to` are set. */
  pointHref?: string
  children: ReactNode
}) {
  const router = useRouter()
  const path = usePathname()
  const query = useSearchParams().toString()
  const start = useRef<number | null>(null)
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null)

  const place = (event: PointerEvent<HTMLDivElement>): number => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    return Math.min(1, Math.max(0, (event.clientX - left) / Math.max(1, width)))
  }
  const begin = (event: PointerEvent<HTMLDivElement>): void => {
    if (event.button !== 0) return
    start.current = place(event)
  }
  const move = (event: PointerEvent<HTMLDivElement>): void => {
    if (start.current === null) return
    const to = place(event)
    if (drag === null && Math.abs(to - start.current) < DRAG_MIN) return
    // From here on the pointer may leave the plot.
    if (drag === null) event.currentTarget.setPointerCapture(event.pointerId)
    setDrag({ from: start.current, to })
  }
  const end = (event: PointerEvent<HTMLDivElement>): void => {
    const from = start.current
    start.current = null
    setDrag(null)
    if (from === null) return
    const { fromMs, toMs, dragged } = spanAt(field, from, place(event), drag !== null)
    const ends = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), range: null }
    if (dragged) router.push(withParams(path, query, { ...ends, cursor: null }), { scroll: false })
    else if (pointHref !== undefined) {
      const [list = '', filters = ''] = pointHref.split('?')
      router.push(withParams(list, filters, ends))
    }
  }
  const cancel = (): void => {
    start.current = null
    setDrag(null)
  }
  return (
    <div
      className="draw brush"
      onPointerDown={begin}
      onPointerMove={move}
      onPointerUp={end}
      onPointerCancel={cancel}
    >
      {children}
      {drag === null ? null : (
        <i
          className="brushed"
          style={{
            left: `${Math.min(drag.from, drag.to) * 100}%`,
            width: `${Math.abs(drag.to - drag.from) * 100}%`,
          }}
        />
      )}
    </div>
  )
}

/** Parts of the plot's width: less is a click whose hand shook. */
const DRAG_MIN = 0.01
