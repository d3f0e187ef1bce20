import { expect, test } from 'vitest'
import { RecentTexts } from '#lib/rollups/recent-texts.ts'

test('a text that was asked for lately is made once, and what is kept stays bounded', () => {
  const made: string[] = []
  const recent = new RecentTexts<number>(20)
  const ask = (text: string) =>
    recent.get(text, () => {
      made.push(text)
      return Number(text)
    })
  // Ten characters a half: two of these, and the third one begins the next half.
  expect([ask('10001'), ask('10002'), ask('10001'), ask('10003')]).toEqual([10_001, 10_002, 10_001, 10_003])
  expect(made).toEqual(['10001', '10002', '10003'])
  // Of the older half, what is asked for again moves on, and the other one is forgotten.
  expect([ask('10001'), ask('10004')]).toEqual([10_001, 10_004])
  expect(made).toEqual(['10001', '10002', '10003', '10004'])
  ask('10001')
  ask('10002')
  expect(made).toEqual(['10001', '10002', '10003', '10004', '10002'])
})
