import { createHmac } from 'node:crypto'

/**
 * The key that signs what a webhook channel sends, derived from the server's secret as an authority's is (decision 0023):
 * it can sign again and again, and stands in no table. Another `keyId` makes another key.
 */
export function channelKey(secret: Uint8Array, id: string, keyId: string): string {
  const mac = createHmac('sha256', secret).update(`channel:${id}:${keyId}`)
  return `tms_${mac.digest('base64url')}`
}
