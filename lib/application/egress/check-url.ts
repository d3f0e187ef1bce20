import { isIP } from 'node:net'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { Destination, EgressGuard } from './egress-guard.ts'

const URL_LENGTH_MAX = 2_000

export interface CheckedUrl extends Destination {
  readonly url: URL
}

/**
 * Reads a URL that the server is to call, and says what is wrong with it. Odd spellings of an address (`0x7f.1`,
 * `2130706433`) are that address once they are parsed. A name is resolved, and its addresses judged, at each call.
 */
export function checkUrl(guard: EgressGuard, text: string): Result<CheckedUrl, string> {
  if (text.length > URL_LENGTH_MAX || !URL.canParse(text)) return err('must be a URL')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return err('must begin with https://')
  if (url.username !== '' || url.password !== '') return err('must hold no credentials')
  if (url.hash !== '') return err('must have no fragment')
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  const isNamed = guard.namesHost({ host, port })
  if (!isNamed && url.protocol === 'http:')
    return err('must begin with https://, but for hosts on the allowlist')
  const refusal = hostRefusal(guard, { host, port })
  return refusal === null ? ok({ url, host, port }) : err(refusal)
}

/** What is wrong with a host itself; a name that is not local may still lead to an address that is refused. */
export function hostRefusal(guard: EgressGuard, { host, port }: Destination): string | null {
  const isClosed =
    isIP(host) !== 0 ? !guard.admits(host, port) : isLocalName(host) && !guard.namesHost({ host, port })
  return isClosed ? `${host} is not a public address; the operator's allowlist can name it` : null
}

/** Names that never are public (RFC 6761, RFC 6762). */
const isLocalName = (host: string): boolean =>
  /(^|\.)(localhost|local|internal|home\.arpa)$/i.test(host) || host === ''
