import { expect, test } from 'vitest'
import { countText, durationText, percentText, pluralText, roundText } from '#lib/telemetry/format.ts'

test.each([
  [0, '0 ms'],
  [412, '412 ms'],
  [6_200, '6.2 s'],
  [9_960, '10 s'],
  [59_900, '1 min 00 s'],
  [252_000, '4 min 12 s'],
  [9_480_000, '2 h 38 min'],
  [3 * 86_400_000 + 4 * 3_600_000, '3 d 04 h'],
])('durationText(%i) is "%s"', (ms, text) => {
  expect(durationText(ms)).toBe(text)
})

test.each([
  [0, '0 %'],
  [0.00001, '<0.01 %'],
  [0.0084, '0.84 %'],
  [0.21, '21.0 %'],
  [1, '100 %'],
])('percentText(%d) is "%s"', (ratio, text) => {
  expect(percentText(ratio)).toBe(text)
})

test('counts have separators, and nouns their plural', () => {
  expect([999, 1_000, 12_480, 1_234_567].map(countText)).toEqual(['999', '1,000', '12,480', '1,234,567'])
  expect([pluralText(1, 'device'), pluralText(0, 'device'), pluralText(2_302, 'device')]).toEqual([
    '1 device',
    '0 devices',
    '2,302 devices',
  ])
})

test('a step is said without the zeros of its smaller unit', () => {
  expect([600_000, 606_000, 7_200_000, 15_000].map(roundText)).toEqual([
    '10 min',
    '10 min 06 s',
    '2 h',
    '15 s',
  ])
})
