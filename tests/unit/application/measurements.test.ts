import { describe, expect, it } from 'vitest'
import { MEASURED_FOR_MS, Measurements } from '#lib/application/reviews/measurements.ts'
import { NOTHING_MEASURED } from '../../support/review-fixture.ts'

describe('measurements of collections', () => {
  it('are shared for a minute by those who ask, each collection by itself', async () => {
    let nowMs = 1_000
    let calls = 0
    const kept = new Measurements({ now: () => nowMs })
    const measure = async () => ({ ...NOTHING_MEASURED, followers: ++calls })
    const followers = async (id: string) => (await kept.of(id, measure)).followers
    expect(await Promise.all([followers('a'), followers('a'), followers('b')])).toEqual([1, 1, 2])
    nowMs += MEASURED_FOR_MS - 1
    expect(await followers('a')).toBe(1)
    nowMs += 1
    expect(await followers('a')).toBe(3)
  })

  it('that failed are tried again', async () => {
    const kept = new Measurements({ now: () => 0 })
    const away = kept.of('a', () => Promise.reject(new Error('the database is away')))
    await expect(away).rejects.toThrow('away')
    expect(await kept.of('a', async () => NOTHING_MEASURED)).toBe(NOTHING_MEASURED)
  })
})
