'use client'
import { useEffect, useRef } from 'react'

/** A key presses the button, unless someone types or something is open. */
export function usePressKey(key: string, active: boolean) {
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!active) return
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented)
        return
      const target = event.target
      if (
        target instanceof HTMLElement &&
        target.closest('input, textarea, select, [role="menu"], [role="dialog"]')
      )
        return
      event.preventDefault()
      button.current?.click()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [active, key])
  return button
}
