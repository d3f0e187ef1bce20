/** Fleets beyond this have no counts: each costs a query, on every page. */
const FLEETS_COUNTED_MAX = 20

/**
 * The fleets whose counts the frame shows: the first by name, and in any case the one that is looked at, whose incidents
 * stand above its pages. Pure. @param path of the page, with its query; null where it isn't known
 */
export function countedFleets(named: readonly { readonly id: string }[], path: string | null): Set<string> {
  const ids = named.map(({ id }) => id)
  const asked = path === null ? null : fleetOfPath(path)
  return new Set([...ids.slice(0, FLEETS_COUNTED_MAX), ...ids.filter((id) => id === asked)])
}

const BASE = 'http://local.invalid'
const fleetOfPath = (path: string): string | null =>
  URL.canParse(path, BASE) ? new URL(path, BASE).searchParams.get('fleet') : null
