import { expect, test } from 'vitest'
import { actsFor, commandState } from '#app/(console)/devices/[id]/command-words.ts'

const NOW = Date.UTC(2026, 10, 24, 14, 32, 8)
test('acts fit the status', () => {
  expect(actsFor('active')).toContain('pause')
  expect(actsFor('paused')).toContain('resume')
  expect(actsFor('paused')).not.toContain('pause')
  expect(actsFor('revoked')).toEqual([])
})

test('a command waits until it is acknowledged or has expired', () => {
  const at = (acknowledgedAtMs: number | null, expiresAtMs: number) =>
    commandState({ acknowledgedAtMs, expiresAtMs }, NOW).word
  expect(at(null, NOW + 1)).toBe('waits')
  expect(at(null, NOW)).toBe('expired unheard')
  expect(at(NOW - 1, NOW - 1)).toBe('acknowledged')
})
