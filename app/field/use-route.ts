import { useSyncExternalStore } from 'react'

/** Where in the app: after the `#`, so that one document serves all of it without a network. */
export type Route =
  | { readonly page: 'list' }
  | { readonly page: 'new' }
  | { readonly page: 'report'; readonly id: string }
  | { readonly page: 'device' }

const subscribe = (changed: () => void): (() => void) => {
  addEventListener('hashchange', changed)
  return () => removeEventListener('hashchange', changed)
}

/** What an address' fragment names; what it doesn't know is the list. Pure. */
export function routeOf(hash: string): Route {
  const [page = '', id = ''] = hash.replace(/^#\/?/, '').split('/')
  if (page === 'report' && id !== '') return { page, id }
  if (page === 'new' || page === 'device') return { page }
  return { page: 'list' }
}

export const useRoute = (): Route => routeOf(useSyncExternalStore(subscribe, () => location.hash))

export const goTo = (hash: string): void => {
  location.hash = hash
}
