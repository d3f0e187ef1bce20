import { describe, expect, it } from 'vitest'
import type { BackoffInput, BackoffSettings } from '#lib/engine/backoff.ts'
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, RETRY_AFTER_MAX_MS, backoffWait } from '#lib/engine/backoff.ts'
import { seededRandom } from '#lib/kernel/random.ts'

const settings: BackoffSettings = { intervalMs: 10_000, baseMs: BACKOFF_BASE_MS, capMs: BACKOFF_CAP_MS }
const failure: BackoffInput = { failures: 0, kind: 'server_error', quickRetryUsed: false, retryAfterMs: null }
const middle = (): number => 0.5

describe('backoff', () => {
  it('[BO1] waits max(interval, min(cap, base·2^n)), spread from half to one and a half', () => {
    const waits = [0, 3, 4, 5, 8, 9, 1000].map(
      (failures) => backoffWait(settings, { ...failure, failures }, middle).waitMs,
    )
    expect(waits).toEqual([10_000, 10_000, 16_000, 32_000, 256_000, 300_000, 300_000])
    expect(backoffWait(settings, failure, () => 0).waitMs).toBe(5_000)
    expect(backoffWait(settings, failure, () => 0.999_999).waitMs).toBeCloseTo(15_000, 0)
  })

  it('[BO1] the cap is the sync interval where that is longer', () => {
    const slow = { ...settings, intervalMs: 900_000 }
    expect(backoffWait(slow, { ...failure, failures: 20 }, middle).waitMs).toBe(900_000)
  })

  it('[BO1] retries quickly once, and only when the answer was lost on the way', () => {
    const lost = { ...failure, kind: 'answer_lost' as const }
    expect(backoffWait(settings, lost, middle)).toEqual({ waitMs: 500, quick: true })
    expect(backoffWait(settings, { ...lost, quickRetryUsed: true }, middle)).toEqual({
      waitMs: 10_000,
      quick: false,
    })
    for (const kind of ['refused_connection', 'timed_out', 'server_error', 'shed'] as const) {
      expect(backoffWait(settings, { ...failure, kind }, middle).quick).toBe(false)
    }
  })

  it('[BO1] Retry-After is a floor with the spread above it', () => {
    const random = seededRandom(1)
    const waits = Array.from(
      { length: 500 },
      () => backoffWait(settings, { ...failure, retryAfterMs: 30_000 }, random).waitMs,
    )
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(30_000)
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(9_000)
    // A floor below the ordinary wait changes nothing: neither quicker nor slower than without it.
    expect(backoffWait(settings, { ...failure, kind: 'answer_lost', retryAfterMs: 1_000 }, () => 0)).toEqual({
      waitMs: 5_000,
      quick: false,
    })
    const twice = [0, 0.25].values()
    expect(
      backoffWait(settings, { ...failure, retryAfterMs: 6_000 }, () => twice.next().value ?? 1).waitMs,
    ).toBe(8_500)
  })

  it('[BO1] no Retry-After makes a device wait for ever', () => {
    const { waitMs } = backoffWait(settings, { ...failure, retryAfterMs: Number.MAX_SAFE_INTEGER }, middle)
    expect(waitMs).toBeLessThanOrEqual(RETRY_AFTER_MAX_MS + 1.5 * BACKOFF_CAP_MS)
  })

  it('[BO2] after a success the wait is the first one again', () => {
    const late = backoffWait(settings, { ...failure, failures: 8 }, middle).waitMs
    expect(backoffWait(settings, { ...failure, failures: 0 }, middle).waitMs).toBeLessThan(late)
  })

  it('[BO3] interval, base and cap are the fleet’s to set', () => {
    const quick = { intervalMs: 100, baseMs: 50, capMs: 400 }
    expect(
      [0, 1, 2, 3, 9].map((failures) => backoffWait(quick, { ...failure, failures }, middle).waitMs),
    ).toEqual([100, 100, 200, 400, 400])
  })
})
