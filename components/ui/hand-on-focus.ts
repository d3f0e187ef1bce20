'use client'
import { useLayoutEffect, useRef, type RefObject } from 'react'

/**
 * For a control that goes away by being pressed: who pressed it by keyboard goes on at the heading of the part of the page
 * that it stood in, and not at the beginning of the page.
 */
export function useHandOnFocus<T extends HTMLElement>(): RefObject<T | null> {
  const ref = useRef<T>(null)
  useLayoutEffect(() => {
    const element = ref.current
    const part = element?.closest('section, main')
    return () => {
      if (element === null || document.activeElement !== element) return
      const heading = part?.querySelector<HTMLElement>('h1, h2')
      if (!heading) return
      heading.tabIndex = -1
      heading.focus({ preventScroll: true })
    }
  }, [])
  return ref
}
