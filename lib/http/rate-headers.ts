import type { RateVerdict } from '#lib/application/rate-limits.ts'
import { HEADERS } from '#lib/protocol/device.ts'

const WINDOW_SECONDS = 60

/** What is left of each quota (draft-ietf-httpapi-ratelimit-headers): `r` requests, `t` seconds until it is whole. */
export const rateHeaders = ({ quotas }: RateVerdict): Readonly<Record<string, string>> => ({
  [HEADERS.rateLimit]: quotas
    .map(({ name, remaining, resetMs }) => `"${name}";r=${remaining};t=${Math.ceil(resetMs / 1_000)}`)
    .join(', '),
  [HEADERS.rateLimitPolicy]: quotas
    .map(({ name, perMinute }) => `"${name}";q=${perMinute};w=${WINDOW_SECONDS}`)
    .join(', '),
})
