'use client'
import { useSyncExternalStore } from 'react'
import { parseTheme, themeAttribute, themeCookie, type Theme } from '#components/shell/theme.ts'

const CHANGED = 'tidemark:theme'

/** Shows the page in another theme, and keeps it for the next one. */
export function chooseTheme(next: Theme): void {
  const attribute = themeAttribute(next)
  if (attribute === undefined) delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = attribute
  document.cookie = themeCookie(next)
  window.dispatchEvent(new Event(CHANGED))
}

/** The theme that is chosen, wherever on the page it was. @param initial as the server read it */
export const useTheme = (initial: Theme): Theme => useSyncExternalStore(subscribe, read, () => initial)

const read = (): Theme => parseTheme(document.documentElement.dataset['theme'])

function subscribe(changed: () => void): () => void {
  window.addEventListener(CHANGED, changed)
  return () => window.removeEventListener(CHANGED, changed)
}
