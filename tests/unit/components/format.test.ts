import { describe, expect, test } from 'vitest'
import {
  formatAge,
  formatBytes,
  formatClock,
  formatCount,
  formatDay,
  formatDuration,
  formatMoment,
  formatPercent,
  percentFigure,
  plural,
  shortId,
  zoneOffsetMs,
} from '#components/ui/format.ts'

const AT = Date.UTC(2026, 10, 24, 14, 32, 8)

describe('durations', () => {
  test.each([
    [0, '0 ms'],
    [412.4, '412 ms'],
    [6_200, '6.2 s'],
    [6_000, '6 s'],
    [9_960, '10 s'],
    [24_000, '24 s'],
    [59_900, '1 min 00 s'],
    [252_000, '4 min 12 s'],
    [246_000, '4 min 06 s'],
    [9_480_000, '2 h 38 min'],
    [3_599_600, '1 h 00 min'],
    [86_400_000, '1 d 00 h'],
    [257 * 86_400_000, '257 d'],
    [-1_800, '−1.8 s'],
  ])('%d ms says %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

test('an age counts whole units and never the future', () => {
  expect(formatAge(-5_000)).toBe('just now')
  expect(formatAge(3_900)).toBe('3 s ago')
  expect(formatAge(119_000)).toBe('1 min ago')
  expect(formatAge(9_480_000)).toBe('2 h 38 min ago')
})

test('a percent keeps the digits that matter and never rounds something to nothing', () => {
  expect(formatPercent(0)).toBe('0 %')
  expect(formatPercent(0.00001)).toBe('<0.01 %')
  expect(formatPercent(0.0084)).toBe('0.84 %')
  expect(formatPercent(0.09996)).toBe('10.0 %')
  expect(formatPercent(0.21)).toBe('21.0 %')
  expect(formatPercent(1)).toBe('100 %')
  expect(percentFigure(0.0084)).toEqual({ value: '0.84', unit: '%' })
})

test.each([null, undefined, Number.NaN, Number.POSITIVE_INFINITY])(
  '%s is not known, in every format',
  (value) => {
    const said = [formatDuration, formatAge, formatCount, formatPercent, formatBytes].map((format) =>
      format(value),
    )
    expect(new Set(said)).toEqual(new Set(['not known']))
    expect(percentFigure(value)).toEqual({ value: 'not known' })
    expect(formatMoment(value, 'UTC')).toBe('not known')
  },
)

test('counts, bytes, ids and plurals', () => {
  expect(formatCount(12_480)).toBe('12,480')
  expect(formatBytes(512)).toBe('512 B')
  expect(formatBytes(3.2 * 1024 * 1024)).toBe('3.2 MiB')
  expect(shortId('019aa0c4-5e11-7cc3-98c4-dc0c0c07398f')).toBe('019a…07398f')
  expect(shortId('SR-118402')).toBe('SR-118402')
  expect(shortId(null)).toBe('not known')
  expect(plural(1, 'device')).toBe('1 device')
  expect(plural(1_412, 'reply', 'replies')).toBe('1,412 replies')
})

test('times are said in the zone asked for, and the zone is named when it is UTC', () => {
  expect(formatMoment(AT, 'UTC')).toBe('Tue 24 Nov 2026, 14:32:08 UTC')
  expect(formatClock(AT, 'Asia/Kolkata')).toBe('20:02:08')
  expect(formatClock(AT, 'UTC', false)).toBe('14:32')
  expect(formatDay(AT, 'Pacific/Auckland')).toBe('Wed 25 Nov')
})

test('a zone is ahead of UTC by what its clock shows, in summer and in winter', () => {
  expect(zoneOffsetMs(AT, 'UTC')).toBe(0)
  expect(zoneOffsetMs(AT, 'Europe/Zurich')).toBe(3_600_000)
  expect(zoneOffsetMs(Date.UTC(2026, 6, 1), 'Europe/Zurich')).toBe(7_200_000)
  expect(zoneOffsetMs(AT + 567, 'Asia/Kolkata')).toBe(19_800_000)
})
