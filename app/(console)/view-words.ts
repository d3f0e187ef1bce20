import { withParams } from '#components/ui/search-params.ts'

/** What of an address a view keeps. */
const KEPT = ['q', 'range', 'from', 'to', 'sort'] as const

export type ShownView = {
  id: string
  name: string
  params: Readonly<Record<string, string>>
  shared: boolean
  ownerName: string
  /** Kept by whoever looks, or shared and theirs to keep in order. */
  mayChange: boolean
}

/** What a view would keep of this address. Pure. */
export function paramsOf(query: string): Readonly<Record<string, string>> {
  const params = new URLSearchParams(query)
  const kept = KEPT.flatMap((name) => {
    const value = params.get(name)
    return value === null || value === '' ? [] : [[name, value] as const]
  })
  return Object.fromEntries(kept)
}

/** The address of a view, in the fleet of this one. Pure. */
export function viewHref(path: string, query: string, view: Pick<ShownView, 'params'>): string {
  const fleet = new URLSearchParams(query).get('fleet')
  return withParams(path, '', { fleet, ...view.params })
}

/** Whether this address shows just what the view keeps. Pure. */
export function isShown(query: string, { params }: Pick<ShownView, 'params'>): boolean {
  const now = paramsOf(query)
  return KEPT.every((name) => (now[name] ?? '') === (params[name] ?? ''))
}
