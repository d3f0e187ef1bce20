import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatFilter } from '#lib/query/format-filter.ts'
import { frozen } from '#lib/query/frozen.ts'
import { bulkFilter, LETTER_FIELDS } from '#lib/query/letter-fields.ts'
import { parseFilter } from '#lib/query/parse-filter.ts'
import { formatTimeRange, parseTimeRange } from '#lib/query/time-range.ts'
import { conditionsOf } from '#tests/support/conditions-of.ts'

const NOW_MS = Date.parse('2026-11-24T12:00:00Z')
const DAY_MS = 86_400_000
const ranges = (q: string, nowMs = NOW_MS) =>
  frozen(conditionsOf(q, LETTER_FIELDS), nowMs).map((one) => one.kind === 'within' && [one.fromMs, one.toMs])

describe('times in a filter', () => {
  it('are days, instants, and ranges whose end is left out where it is an instant', () => {
    const day = Date.parse('2026-11-24')
    expect(parseTimeRange('2026-11-24')).toEqual({ fromMs: day, toMs: day + DAY_MS })
    expect(parseTimeRange('2026-11-24..2026-11-25')).toEqual({ fromMs: day, toMs: day + 2 * DAY_MS })
    expect(parseTimeRange('2026-11-24T09:00Z..2026-11-24T12:00Z')).toEqual({
      fromMs: day + 9 * 3_600_000,
      toMs: NOW_MS,
    })
    expect(parseTimeRange('..2026-11-24')).toEqual({ fromMs: null, toMs: day + DAY_MS })
    for (const text of [
      '',
      '..',
      'x',
      '2026-02-31',
      '2026-11-25..2026-11-24',
      '2026-11-24..x',
      '2026-11-24T09:00',
    ])
      expect([text, parseTimeRange(text)]).toEqual([text, null])
  })

  it('are written as they are read', () => {
    const ms = fc.integer({ min: 0, max: NOW_MS })
    const range = fc
      .tuple(fc.option(ms), fc.option(ms))
      .filter(([from, to]) => (from ?? to) !== null && (from === null || to === null || from < to))
    fc.assert(
      fc.property(range, ([fromMs, toMs]) => {
        expect(parseTimeRange(formatTimeRange({ fromMs, toMs }))).toEqual({ fromMs, toMs })
      }),
    )
  })

  it('stay where they were once they are frozen, and written out', () => {
    expect(ranges('seen:<24h')).toEqual([[NOW_MS - DAY_MS + 1, null]])
    expect(ranges('seen:<=24h')).toEqual([[NOW_MS - DAY_MS, null]])
    expect(ranges('made:>24h')).toEqual([[null, NOW_MS - DAY_MS]])
    expect(ranges('made:>=24h')).toEqual([[null, NOW_MS - DAY_MS + 1]])
    expect(ranges('made:24h')).toEqual([[NOW_MS - DAY_MS, NOW_MS - DAY_MS + 1]])
    const once = frozen(conditionsOf('-seen:<24h code:exhausted "Gate 4"', LETTER_FIELDS), NOW_MS)
    const again = parseFilter(formatFilter(once), LETTER_FIELDS)
    expect(again).toEqual({ ok: true, value: once })
    expect(frozen(once, NOW_MS + DAY_MS)).toEqual(once)
  })

  it('are refused where they are not understood, and so is what is no id', () => {
    for (const q of ['seen:yesterday', 'seen:1,2', 'seen:>', 'group:x', 'group:1', 'session:a,b'])
      expect([q, parseFilter(q, LETTER_FIELDS).ok]).toEqual([q, false])
  })
})

it('[DL10] a bulk action leaves the poisoned out unless its filter names them', () => {
  const text = (q: string) => formatFilter(bulkFilter(conditionsOf(q, LETTER_FIELDS)))
  expect(text('status:open')).toBe('status:open poison:no')
  expect(text('poison:yes')).toBe('poison:yes')
})
