'use client'
import { useCallback, useSyncExternalStore } from 'react'
import type { Observable } from '#lib/client/observable.ts'

/** The present value of something that the SDK lets be watched; the component is drawn anew when it becomes another one. */
export function useObservable<T>(observable: Observable<T>): T {
  const subscribe = useCallback((changed: () => void) => observable.subscribe(changed), [observable])
  return useSyncExternalStore(subscribe, observable.get, observable.get)
}
