import { describe, expect, test } from 'vitest'
import { prepareBars } from '#components/charts/prepare-bars.ts'
import { CHART_POINTS_MAX, prepareChart, type ChartInput, type Point } from '#components/charts/prepare.ts'
import { niceTicks, shortLabel, timeTicks } from '#components/charts/ticks.ts'

const MINUTE = 60_000
const FROM = Date.UTC(2026, 10, 24, 14, 0)

function series(values: readonly (number | null)[]): Point[] {
  return values.map((value, index) => ({ t: FROM + index * MINUTE, value }))
}

function chart(points: readonly Point[], more: Partial<ChartInput> = {}) {
  const toMs = more.toMs ?? FROM + 10 * MINUTE
  return prepareChart({ fromMs: FROM, toMs, bucketMs: MINUTE, format: 'count', points, zone: 'UTC', ...more })
}

describe('gaps', () => {
  test('a null breaks the line and is a gap from the last value to the next', () => {
    const { rows, gaps } = chart(series([5, 5, null, null, 5, 5, 5, 5, 5, 5]))
    expect(rows[2]?.subject).toBeNull()
    expect(gaps).toEqual([{ leftPct: 10, widthPct: 30, word: 'no data' }])
  })

  test('a bucket that is not there is the same gap as a null', () => {
    const all = series([5, 5, 5, 5, 5, 5, 5, 5, 5, 5])
    const without = all.filter((_point, index) => index !== 4)
    expect(chart(without).gaps).toEqual([{ leftPct: 30, widthPct: 20, word: null }])
    expect(chart(without).rows.find((row) => row.t === FROM + 4 * MINUTE)?.subject).toBeNull()
  })

  test('nothing at all is one gap, not a zero', () => {
    const { rows, gaps, end, yMax } = chart([], { format: 'duration' })
    expect(rows.every((row) => row.subject === null)).toBe(true)
    expect(gaps).toEqual([{ leftPct: 0, widthPct: 100, word: 'no data' }])
    expect(end).toBeNull()
    expect(yMax).toBeGreaterThan(0)
  })

  test('missing at either end is a gap; the bucket still open is not', () => {
    expect(chart(series([5, 5, 5, 5, 5, 5, 5])).gaps).toEqual([
      { leftPct: 70, widthPct: 30, word: 'no data' },
    ])
    expect(chart(series([null, null, 5, 5, 5, 5, 5, 5, 5, 5])).gaps).toEqual([
      { leftPct: 0, widthPct: 20, word: null },
    ])
    expect(chart(series([5, 5, 5, 5, 5, 5, 5, 5, 5, 5]), { toMs: FROM + 10.5 * MINUTE }).gaps).toEqual([])
  })

  test('a gap says why when it is not missing data', () => {
    const { gaps } = chart(series([5, null, null, null, null, 5, 5, 5, 5, 5]), { gapWord: 'too few calls' })
    expect(gaps[0]?.word).toBe('too few calls')
  })

  test('a value between two gaps is marked, so that it is drawn at all', () => {
    const { rows } = chart(series([5, 5, null, 7, null, 5, 5, 5, 5, 5]))
    expect(rows.filter((row) => row.alone).map((row) => row.said)).toEqual([7])
  })

  test('NaN is a gap', () => {
    expect(chart(series([5, Number.NaN, 5, 5, 5, 5, 5, 5, 5, 5])).gaps).toHaveLength(1)
  })
})

describe('the value axis', () => {
  const calm: number[] = Array.from({ length: 60 }, () => 10)
  const hour = { toMs: FROM + 60 * MINUTE }

  test('one peak is cut off at the top and keeps its value', () => {
    const { rows, peak, yMax } = chart(series([...calm.slice(0, 40), 500, ...calm.slice(41)]), hour)
    expect(yMax).toBeLessThan(50)
    expect(rows[40]).toMatchObject({ subject: yMax, said: 500 })
    expect(peak?.value).toBe(500)
    expect(peak?.leftPct).toBeCloseTo(66.67)
  })

  test('the newest value is never cut off, nor any of a few: it is the figure above the chart', () => {
    const rising = chart(series([...calm.slice(0, 58), 500]), hour)
    expect([rising.peak, rising.yMax > 500, rising.end?.topPct]).toEqual([null, true, expect.closeTo(4.76)])
    const few = chart(series([1, 1, 40, 1, 1]), hour)
    expect([few.peak, few.yMax > 40]).toEqual([null, true])
  })

  test('a peak that is not far above the rest is drawn whole', () => {
    const { peak, yMax } = chart(series([...calm.slice(0, 40), 15, ...calm.slice(41)]), hour)
    expect(peak).toBeNull()
    expect(yMax).toBeGreaterThan(15)
  })

  test('the nearest threshold is on the scale; one out of reach is said at the top edge', () => {
    const near = { value: 20, word: 'warn 20', tone: 'warn' as const }
    const far = { value: 1_000, word: 'critical 1,000', tone: 'crit' as const }
    const both = chart(series(calm), { ...hour, thresholds: [near, far] })
    expect(both.thresholds.map(({ word, onScale }) => ({ word, onScale }))).toEqual([
      { word: 'warn 20', onScale: true },
    ])
    expect(both.yMax).toBe(25)
    const alone = chart(series(calm), { ...hour, thresholds: [far] })
    expect(alone.thresholds).toEqual([{ ...far, onScale: false, topPct: 0 }])
  })

  test('the end dot stands on the last value that is known', () => {
    const { end, yMax } = chart(series([1, 2, 3, 4, 5, 6, 7, 8, null, null]))
    expect(end?.leftPct).toBe(70)
    expect(end?.topPct).toBeCloseTo(100 - (8 / yMax) * 100, 1)
  })
})

test('more points than the most are merged, their peak and their gaps kept, and it is said', () => {
  const values: (number | null)[] = Array.from({ length: 4_000 }, (_value, index) =>
    index >= 1_000 && index < 1_010 ? null : 10,
  )
  values[2_001] = 99
  const { rows, merged, peak } = chart(series(values), { toMs: FROM + 4_000 * MINUTE })
  expect(rows.length).toBeLessThanOrEqual(CHART_POINTS_MAX)
  expect(merged).toEqual({ shown: rows.length, of: 4_000 })
  expect(peak?.value).toBe(99)
  expect(rows.some((row) => row.subject === null)).toBe(true)
})

test('the past is drawn beside the subject, also where the subject is missing', () => {
  const { rows } = chart(series([5, null, 5]), { past: series([1, 2, null]) })
  expect(rows.slice(0, 3).map((row) => row.saidPast)).toEqual([1, 2, null])
})

test('marks out of the range are left out; near an edge their words grow inward', () => {
  const mark = (minutes: number) => ({ t: FROM + minutes * MINUTE, word: 'w', letter: 'W' })
  const { marks } = chart(series([1]), { marks: [mark(-1), mark(0.1), mark(5), mark(9.9), mark(11)] })
  expect(marks.map(({ align }) => align)).toEqual(['a', '', 'z'])
})

describe('ticks', () => {
  test.each([
    [480_000, 'duration', ['0', '4 min', '8 min']],
    [0.025, 'percent', ['0', '1 %', '2 %']],
    [24_000, 'count', ['0', '10 k', '20 k']],
    [2, 'count', ['0', '1', '2']],
  ] as const)('under %d (%s) stand %j', (max, format, labels) => {
    expect(niceTicks(max, format).map((tick) => tick.label)).toEqual(labels)
  })

  test('times are round in the viewer’s zone, and the end is said', () => {
    const toMs = Date.UTC(2026, 10, 24, 14, 32)
    const labels = (zone: string) => timeTicks(toMs - 24 * 60 * MINUTE, toMs, zone).map((tick) => tick.label)
    expect(labels('UTC')).toEqual(['18:00', '00:00', '06:00', '14:32'])
    expect(labels('Asia/Kolkata')).toEqual(['00:00', '06:00', '12:00', '20:02'])
    // 00:00 would stand at 81 % and run into 04:30, which ends at 100 %.
    const early = Date.UTC(2026, 10, 26, 4, 30)
    const shown = timeTicks(early - 24 * 60 * MINUTE, early, 'UTC').map((tick) => tick.label)
    expect(shown).toEqual(['06:00', '12:00', '18:00', '04:30'])
  })

  test('a clipped peak is said in few characters', () => {
    expect(shortLabel(999_000, 'duration')).toBe('17 min')
    expect(shortLabel(0.0213, 'percent')).toBe('2.1 %')
    expect(shortLabel(48_210, 'count')).toBe('48 k')
  })
})

test('bars: zero draws nothing, null is a gap, the highest stays under the top', () => {
  const points = series([0, 10, null, 5])
  const { bars, gaps } = prepareBars({
    fromMs: FROM,
    toMs: FROM + 4 * MINUTE,
    bucketMs: MINUTE,
    points,
    zone: 'UTC',
  })
  expect(bars).toHaveLength(2)
  expect(bars[0]?.height).toBeGreaterThan(85)
  expect(bars[0]?.height).toBeLessThan(100)
  expect(gaps).toEqual([{ leftPct: 50, widthPct: 25, word: null }])
})

test('stretches are cut at the ends of the range, left out beyond it, and seen however short they are', () => {
  const at = (minutes: number) => FROM + minutes * MINUTE
  const { stretches } = chart([], {
    toMs: at(100),
    stretches: [
      { fromMs: at(-50), toMs: at(10) },
      { fromMs: at(50), toMs: at(50) },
      { fromMs: at(90), toMs: at(900) },
      { fromMs: at(200), toMs: at(300) },
    ],
  })
  expect(stretches).toEqual([
    { leftPct: 0, widthPct: 10 },
    { leftPct: 50, widthPct: 0.25 },
    { leftPct: 90, widthPct: 10 },
  ])
})
