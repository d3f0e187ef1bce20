'use client'
import { useCallback, useSyncExternalStore } from 'react'
import { NONE, type Selection } from './letter-selection.ts'

/** The browser's alone, so that it stays while one opens a letter or goes on to the next page of the same list. */
let kept: { readonly list: string; readonly selection: Selection } | null = null
const listeners = new Set<() => void>()

function keep(list: string, selection: Selection): void {
  kept = { list, selection }
  for (const listener of listeners) listener()
}

function subscribe(changed: () => void): () => void {
  listeners.add(changed)
  return () => listeners.delete(changed)
}

/** What is chosen of a list. @param list names it: its fleet and its filter */
export function useSelection(list: string): readonly [Selection, (next: Selection) => void] {
  const read = useCallback(() => (kept?.list === list ? kept.selection : NONE), [list])
  const selection = useSyncExternalStore(subscribe, read, () => NONE)
  const select = useCallback((next: Selection) => keep(list, next), [list])
  return [selection, select]
}

/** What was chosen is on its way. */
export function forgetSelection(): void {
  if (kept !== null) keep(kept.list, NONE)
}
