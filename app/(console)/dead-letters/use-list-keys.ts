'use client'
import { useEffect, useRef } from 'react'

export type ListKeys = {
  /** `x`, and with shift a range. */
  onPick: (id: string, range: boolean) => void
  /** Others by their key; one that answers false leaves it to the page. */
  onKey: (key: string) => boolean
}

/** The keys of a list whose rows can be chosen: they act on the row that has the focus, and come before the page's own. */
export function useListKeys(keys: ListKeys): void {
  const latest = useRef(keys)
  useEffect(() => {
    latest.current = keys
  })
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      if (isTyping(event.target)) return
      const isPick = event.key.toLowerCase() === 'x'
      const id = isPick ? focusedRow() : null
      if (isPick && id !== null) latest.current.onPick(id, event.shiftKey)
      else if (isPick || !latest.current.onKey(event.key)) return
      event.preventDefault()
    }
    // Before those of the item beside the list, which take the same keys for one letter.
    window.addEventListener('keydown', onKey, { capture: true })
    return () => window.removeEventListener('keydown', onKey, { capture: true })
  }, [])
}

/** The row with the focus, else the one that is open beside the list. */
function focusedRow(): string | null {
  const row =
    document.activeElement?.closest('[data-key]') ?? document.querySelector('[data-key]:has([aria-current])')
  return row?.getAttribute('data-key') ?? null
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  const isBox = target instanceof HTMLInputElement && target.type === 'checkbox'
  if (isBox) return target.closest('[role="dialog"]') !== null
  return target.closest('input, textarea, select, [role="menu"], [role="dialog"]') !== null
}
