import type { Oidc } from './oidc.ts'

/** How people sign in to this server. */
export interface AuthSettings {
  /** Public base URL without a path, e.g. `https://sync.example.org`; browsers' writes must come from it. */
  readonly origin: string
  /** Encrypts the session cookie. */
  readonly secret: string
  /** Null or left out where people sign in by password and link alone. */
  readonly oidc?: Oidc | null
}

/** One setting decides: an https server sets `__Host-` cookies, which browsers keep from other hosts and from http. */
export const isSecure = ({ origin }: AuthSettings): boolean => origin.startsWith('https://')

export const cookiePrefix = (settings: AuthSettings): string => (isSecure(settings) ? '__Host-' : '')

export const sessionCookieName = (settings: AuthSettings): string =>
  `${cookiePrefix(settings)}tidemark.session`

/** The cookies of a request by name; the first of equal names, as browsers send the most specific one first. */
export function cookiesOf(headers: Headers): Readonly<Record<string, string>> {
  const cookies = new Map<string, string>()
  for (const part of (headers.get('cookie') ?? '').split(';')) {
    const at = part.indexOf('=')
    const name = part.slice(0, at).trim()
    if (at > 0 && !cookies.has(name)) cookies.set(name, decoded(part.slice(at + 1).trim()))
  }
  return Object.fromEntries(cookies)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not percent-encoded by us: another program's cookie, taken as it is.
    return text
  }
}
