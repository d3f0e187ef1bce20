import { expect, test } from 'vitest'
import {
  actsFor,
  commandState,
  MANY_ACTS,
  manyDoneWords,
  manySays,
} from '#app/(console)/devices/[id]/command-words.ts'

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

test('many devices are told what one is, but for a revocation; who was left out is said with the reason', () => {
  expect(manySays('pause')).toMatch(
    /^Of each device: from now on .* told nothing, nor what is paused already\.$/,
  )
  expect([...MANY_ACTS, 'revoke'].toSorted()).toEqual([...actsFor('active'), 'resume'].toSorted())
  expect(manyDoneWords({ told: 1, already: 0, revoked: 0, foreign: 0, full: 0 })).toBe('1 device is told')
  expect(manyDoneWords({ told: 1_200, already: 4, revoked: 2, foreign: 0, full: 3 })).toBe(
    '1,200 devices are told; left out: 4 so already, 2 revoked, 3 with too many commands that wait',
  )
})
