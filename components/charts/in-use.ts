'use client'
import { useSyncExternalStore } from 'react'

/** What tells that somebody uses the page: before that, nothing needs to follow a pointer or a key. */
const SIGNS = ['pointermove', 'pointerdown', 'keydown', 'focusin'] as const

let inUse = false

function subscribe(changed: () => void): () => void {
  if (inUse) return () => undefined
  const use = (): void => {
    inUse = true
    changed()
  }
  for (const sign of SIGNS) window.addEventListener(sign, use, { once: true, passive: true, capture: true })
  return () => {
    for (const sign of SIGNS) window.removeEventListener(sign, use, { capture: true })
  }
}

/** Whether this tab was touched since it was opened: by pointer, key or focus. */
export const useInUse = (): boolean =>
  useSyncExternalStore(
    subscribe,
    () => inUse,
    () => false,
  )
