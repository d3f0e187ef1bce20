import type { AuthSettings } from '#lib/application/access/auth-settings.ts'

/** One machine by three names: the address that was printed and the one that was typed may differ. */
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

export type OriginVerdict = 'same' | 'absent' | 'foreign'

/**
 * Whether a browser's request came from our own pages, by its Origin header alone: Host and X-Forwarded-Host are
 * whatever the sender says (security check 20). Browsers send Origin with every write.
 */
export function originOf(headers: Headers, settings: AuthSettings): OriginVerdict {
  const origin = headers.get('origin')
  if (origin === null) return 'absent'
  return isSameOrigin(origin, settings.origin) ? 'same' : 'foreign'
}

function isSameOrigin(sent: string, own: string): boolean {
  if (sent === own) return true
  if (!URL.canParse(sent)) return false
  const [a, b] = [new URL(sent), new URL(own)]
  const bothLoopback = LOOPBACK.has(a.hostname) && LOOPBACK.has(b.hostname)
  return bothLoopback && a.origin === sent && a.protocol === b.protocol && a.port === b.port
}
