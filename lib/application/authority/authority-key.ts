import { createHmac } from 'node:crypto'

/**
 * The key that signs what a collection's authority is asked. It is derived from the server's secret, so that it can
 * sign again and again and yet stands in no table; another `keyId` makes another key.
 */
export function authorityKey(
  secret: Uint8Array,
  fleetId: string,
  { collectionId, keyId }: { readonly collectionId: string; readonly keyId: string },
): string {
  const mac = createHmac('sha256', secret).update(`authority:${fleetId}:${collectionId}:${keyId}`)
  return `tms_${mac.digest('base64url')}`
}

/** The signature of one request: HMAC-SHA-256 over `timestamp.body`, hex. `timestamp` is Unix ms as text. */
export const signatureOf = (key: string, timestamp: string, body: string): string =>
  `v1=${createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex')}`
