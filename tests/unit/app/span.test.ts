import { describe, expect, test } from 'vitest'
import { loadShared } from '#app/(console)/search-params.ts'
import { isSpan, spanOf } from '#components/shell/ranges.ts'
import { carryShared } from '#components/ui/search-params.ts'

const HOUR = 3_600_000
const NOW = 500_000 * HOUR
const at = (range: '1h' | '24h', from: number | null, to: number | null) => spanOf({ range, from, to }, NOW)

describe('the time that a page shows', () => {
  test('is its range up to now', () => {
    expect(at('1h', null, null)).toMatchObject({
      fromMs: NOW - HOUR,
      toMs: NOW,
      fixed: false,
      label: 'Last hour',
    })
  })

  test('is what lies between two ends, and one end alone has the range beside it', () => {
    expect(at('24h', NOW - 9 * HOUR, NOW - 8 * HOUR)).toMatchObject({
      fromMs: NOW - 9 * HOUR,
      toMs: NOW - 8 * HOUR,
      fixed: true,
    })
    expect(at('1h', NOW - 9 * HOUR, null)).toMatchObject({ fromMs: NOW - 9 * HOUR, toMs: NOW - 8 * HOUR })
    expect(at('1h', null, NOW - 9 * HOUR)).toMatchObject({ fromMs: NOW - 10 * HOUR, toMs: NOW - 9 * HOUR })
  })

  test('is the range where the ends are the wrong way round, which the page says', () => {
    expect(isSpan(NOW, NOW)).toBe(false)
    expect(at('1h', NOW, NOW - HOUR)).toMatchObject({ fromMs: NOW - HOUR, toMs: NOW, fixed: false })
  })

  test('stands in the address as the API takes it, and goes along from page to page', async () => {
    const search = { from: '2026-11-26T14:05:00Z', to: String(Date.UTC(2026, 10, 26, 15)) }
    const read = await loadShared(Promise.resolve(search))
    expect([read.from, read.to]).toEqual([Date.UTC(2026, 10, 26, 14, 5), Date.UTC(2026, 10, 26, 15)])
    expect(carryShared('/sessions', new URLSearchParams({ ...search, q: 'x' }))).toBe(
      `/sessions?from=2026-11-26T14%3A05%3A00Z&to=${search.to}`,
    )
  })
})
