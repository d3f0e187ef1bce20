import { expect, test } from 'vitest'
import { stepUpWords } from '../../../app/(console)/step-up-words.ts'

test('the step-up says when the last proof ended and how long a new one lasts, by the server’s clock', () => {
  const told = stepUpWords(-12 * 60_000)
  expect(told).toContain('yours ended 12 min 00 s ago')
  expect(told).toContain('open in this browser for 30 minutes')
  // Shown meanwhile in another tab: nothing ended.
  expect(stepUpWords(5_000)).not.toContain('ended')
})
