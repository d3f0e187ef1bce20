import { isWithin } from './is-within.ts'
import { remember } from './remember.ts'
import type { Clock } from './surroundings.ts'

/**
 * Requests a minute that one process answers: a device that pushes as fast as it can stays under the first, a
 * thousand of them under the second. They stop what runs wild, not what works hard.
 */
export const DEVICE_REQUESTS_PER_MINUTE = 12_000
export const FLEET_REQUESTS_PER_MINUTE = 600_000
/** Of a person or a key by the operator API: what a script that works hard stays under. */
export const ACCOUNT_REQUESTS_PER_MINUTE = 6_000
/** Enrollment codes a minute that lead nowhere, from one address and from all: people mistype, nobody guesses 55 bits. */
export const BAD_CODES_OF_ADDRESS_PER_MINUTE = 20
export const BAD_CODES_PER_MINUTE = 600
const BUCKETS_MAX = 50_000
const MINUTE_MS = 60_000

export interface RateLimits {
  readonly devicePerMinute: number
  readonly fleetPerMinute: number
}
export const RATE_LIMITS_DEFAULT: RateLimits = {
  devicePerMinute: DEVICE_REQUESTS_PER_MINUTE,
  fleetPerMinute: FLEET_REQUESTS_PER_MINUTE,
}

/** One policy after a request, as `RateLimit` and `RateLimit-Policy` tell it. */
export interface Quota {
  readonly name: 'device' | 'fleet'
  readonly perMinute: number
  readonly remaining: number
  /** Until the whole quota is there again. */
  readonly resetMs: number
}

export interface RateVerdict {
  readonly quotas: readonly Quota[]
  /** Null when the request may go on; else when to come back. */
  readonly retryAfterMs: number | null
}

interface Bucket {
  tokens: number
  atMs: number
  /** Of when it came to its place in the order of use. */
  placedAtMs: number
}
/** Used again within so long, a bucket keeps its place. */
const SAME_PLACE_MS = 1_000

/** Token buckets of this process, by device, fleet, account and address that types codes; a bucket holds a minute's requests (QU1). */
export class RateLimiter {
  private readonly clock: Clock
  private readonly buckets = new Map<string, Bucket>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Takes one request from both buckets, or from neither. */
  take(fleetId: string, deviceId: string, limits: RateLimits): RateVerdict {
    const nowMs = this.clock.now()
    const { devicePerMinute, fleetPerMinute } = limits
    const deviceKey = `${fleetId}/${deviceId}`
    const ofDevice = this.tokensOf(deviceKey, devicePerMinute, nowMs)
    const ofFleet = this.tokensOf(fleetId, fleetPerMinute, nowMs)
    const waitMs = Math.max(waitFor(ofDevice, devicePerMinute), waitFor(ofFleet, fleetPerMinute))
    const cost = waitMs === 0 ? 1 : 0
    this.keep(deviceKey, ofDevice - cost, nowMs)
    this.keep(fleetId, ofFleet - cost, nowMs)
    const quotas = [
      quotaOf('device', devicePerMinute, ofDevice - cost),
      quotaOf('fleet', fleetPerMinute, ofFleet - cost),
    ]
    return { quotas, retryAfterMs: waitMs === 0 ? null : waitMs }
  }

  /** Takes one request of an account. @returns ms to wait, null when the request may go on */
  takeOfAccount(id: string): number | null {
    const nowMs = this.clock.now()
    const key = `account ${id}`
    const tokens = this.tokensOf(key, ACCOUNT_REQUESTS_PER_MINUTE, nowMs)
    const waitMs = waitFor(tokens, ACCOUNT_REQUESTS_PER_MINUTE)
    this.keep(key, waitMs === 0 ? tokens - 1 : tokens, nowMs)
    return waitMs === 0 ? null : waitMs
  }

  /** Takes one try of an enrollment code from both buckets, or from neither. @returns ms to wait, null when it may go on */
  takeOfCode(address: string): number | null {
    const tokens = this.codesOf(address)
    const waitMs = Math.max(...tokens.map(({ left, perMinute }) => waitFor(left, perMinute)))
    if (waitMs > 0) return waitMs
    for (const { key, left, nowMs } of tokens) this.keep(key, left - 1, nowMs)
    return null
  }

  /** The code was good: that was no bad try. */
  giveBackOfCode(address: string): void {
    for (const { key, left, perMinute, nowMs } of this.codesOf(address))
      this.keep(key, Math.min(perMinute, left + 1), nowMs)
  }

  private codesOf(address: string) {
    const nowMs = this.clock.now()
    const bounds = [
      { key: `codes ${address}`, perMinute: BAD_CODES_OF_ADDRESS_PER_MINUTE },
      { key: 'codes', perMinute: BAD_CODES_PER_MINUTE },
    ]
    return bounds.map((bound) => ({
      ...bound,
      nowMs,
      left: this.tokensOf(bound.key, bound.perMinute, nowMs),
    }))
  }

  private tokensOf(key: string, perMinute: number, nowMs: number): number {
    const bucket = this.buckets.get(key)
    if (!bucket) return perMinute
    const elapsedMs = Math.max(0, nowMs - bucket.atMs)
    return Math.min(perMinute, bucket.tokens + (elapsedMs * perMinute) / MINUTE_MS)
  }

  /** The longest unused one makes room: it is the fullest. */
  private keep(key: string, tokens: number, atMs: number): void {
    const bucket = this.buckets.get(key)
    if (!bucket || !isWithin(bucket.placedAtMs, atMs, SAME_PLACE_MS))
      return remember(this.buckets, key, { tokens, atMs, placedAtMs: atMs }, BUCKETS_MAX)
    bucket.tokens = tokens
    bucket.atMs = atMs
  }
}

/** Until there is a whole token again; 0 when there is one. */
const waitFor = (tokens: number, perMinute: number): number =>
  tokens < 1 ? ((1 - tokens) * MINUTE_MS) / perMinute : 0

const quotaOf = (name: Quota['name'], perMinute: number, tokens: number): Quota => ({
  name,
  perMinute,
  remaining: Math.max(0, Math.floor(tokens)),
  resetMs: ((perMinute - tokens) * MINUTE_MS) / perMinute,
})
