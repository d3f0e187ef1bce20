import type { RateVerdict } from '#lib/application/rate-limits.ts'
import { HEADERS } from '#lib/protocol/device.ts'

const WINDOW_SECONDS = 60

/** What is left of each quota (draft-ietf-httpapi-ratelimit-headers): `r` requests, `t` seconds until it is whole. */
export function addRateHeaders(headers: Record<string, string>, { quotas }: RateVerdict): void {
  let left = ''
  let policy = ''
  for (const { name, perMinute, remaining, resetMs } of quotas) {
    const comma = left === '' ? '' : ', '
    left += `${comma}"${name}";r=${remaining};t=${Math.ceil(resetMs / 1_000)}`
    policy += `${comma}"${name}";q=${perMinute};w=${WINDOW_SECONDS}`
  }
  headers[HEADERS.rateLimit] = left
  headers[HEADERS.rateLimitPolicy] = policy
}
