import { describe, expect, test } from 'vitest'
import {
  Throttle,
  THROTTLE_KEYS_MAX,
  THROTTLE_WINDOW_MS,
  TRIES_PER_WINDOW_MAX,
} from '#lib/application/access/throttle.ts'

function exhausted(): Throttle {
  const throttle = new Throttle()
  for (let n = 0; n < TRIES_PER_WINDOW_MAX; n += 1) expect(throttle.admit(['a'], 1_000)).toBeNull()
  return throttle
}

describe('throttle', () => {
  test('refuses the eleventh try and says how long', () => {
    const throttle = exhausted()
    expect(throttle.admit(['a'], 1_000)).toBe(THROTTLE_WINDOW_MS)
    expect(throttle.admit(['a'], 61_000)).toBe(THROTTLE_WINDOW_MS - 60_000)
    expect(throttle.admit(['b'], 1_000)).toBeNull()
  })

  test('never locks for good, however many tries come', () => {
    const throttle = exhausted()
    for (let n = 0; n < 100; n += 1) throttle.admit(['a'], 2_000)
    expect(throttle.admit(['a'], 1_000 + THROTTLE_WINDOW_MS)).toBeNull()
  })

  test('forgives good tries', () => {
    const throttle = exhausted()
    throttle.forgive('a')
    expect(throttle.admit(['a'], 1_000)).toBeNull()
    expect(throttle.admit(['a'], 1_000)).not.toBeNull()
    throttle.clear('a')
    expect(throttle.admit(['a'], 1_000)).toBeNull()
  })

  test('remembers a bounded number of keys, the newest windows', () => {
    const throttle = new Throttle()
    for (let n = 0; n < THROTTLE_KEYS_MAX + 50; n += 1) throttle.admit([`key ${n}`], n)
    expect(throttle.size).toBe(THROTTLE_KEYS_MAX)
  })

  test('whoever is refused opens no windows, so that made-up names push nobody out', () => {
    const throttle = exhausted()
    for (let n = 0; n < THROTTLE_KEYS_MAX; n += 1)
      expect(throttle.admit([`made up ${n}`, 'a'], 2_000)).not.toBeNull()
    expect(throttle.size).toBe(1)
    expect(throttle.admit(['a'], 3_000)).not.toBeNull()
  })
})
