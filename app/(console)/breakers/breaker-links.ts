import { carryShared, withParams } from '#components/ui/search-params.ts'

/** One breaker in the same fleet. Pure. */
export const breakerHref = (query: string, scope: string): string =>
  carryShared(`/breakers/${encodeURIComponent(scope)}`, query)

/** The scope in the address; what is no text of an address names nothing. Pure. */
export function scopeOfParam(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** The sessions behind a failed call: those of its device about then. Pure. */
export const deviceHref = (query: string, deviceId: string): string =>
  carryShared(`/devices/${deviceId}`, query)

/** The same page at another moment; null is now. Pure. */
export const momentHref = (path: string, query: string, atMs: number | null): string =>
  withParams(path, query, { at: atMs === null ? 'now' : new Date(atMs).toISOString() })
