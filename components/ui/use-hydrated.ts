'use client'
import { useSyncExternalStore } from 'react'

const never = (): (() => void) => () => undefined

/** False until React has taken over the page: what is typed into a controlled field before that is lost. */
export const useHydrated = (): boolean =>
  useSyncExternalStore(
    never,
    () => true,
    () => false,
  )
