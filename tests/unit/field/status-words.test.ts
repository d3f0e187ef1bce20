import { describe, expect, test } from 'vitest'
import { chosenChanges, conflictFields } from '#components/status/conflict-fields.ts'
import { labelOf, REPORTS } from '#app/field/report-fields.ts'
import { failureSentence, writeFailure } from '#app/field/write-failure.ts'
import { refusalSentence } from '#components/status/refusal-words.ts'
import { headWords, problemSentence, syncFacts, syncWords } from '#components/status/sync-words.ts'
import { ReplicaError } from '#lib/client/errors.ts'
import type { ReplicaStatus } from '#lib/client/status.ts'
import { DEAD_LETTER_CODES, REFUSED_CODES } from '#lib/protocol/error-codes.ts'
import { SESSION_STATES } from '#lib/protocol/session-states.ts'

const NOW_MS = Date.parse('2026-11-28T10:00:00Z')
const status = (changes: Partial<ReplicaStatus> = {}): ReplicaStatus => ({
  state: 'idle',
  paused: 'no',
  deviceId: 'd',
  fleetId: 'f',
  pending: 0,
  oldestPendingAt: null,
  refused: 0,
  clockOffsetMs: 0,
  resyncPlace: null,
  lastSyncedAt: '2026-11-28T09:59:00Z',
  nextSyncAt: null,
  storeHealth: 'ok',
  problem: null,
  ...changes,
})

describe('what a device’s state is called', () => {
  test.each([
    [{}, 'ok', 'Up to date'],
    [{ pending: 2 }, 'unk', 'To be sent'],
    [{ state: 'offline', pending: 2 }, 'unk', 'Offline'],
    [{ state: 'backoff', problem: 'no_answer' }, 'warn', 'Will try again'],
    [{ state: 'shed', problem: 'breaker_open' }, 'held', 'Waiting'],
    [{ state: 'halted', problem: 'unauthorized' }, 'crit', 'Needs you'],
    [{ state: 'pushing' }, 'unk', 'Syncing'],
    [{ state: 'resyncing', resyncPlace: 3 }, 'unk', 'Reading anew'],
    [{ paused: 'here' }, 'held', 'Paused'],
    [{ paused: 'by_server' }, 'held', 'Paused'],
    [{ storeHealth: 'full' }, 'crit', 'No room left'],
    [{ lastSyncedAt: null }, 'unk', 'Not synced yet'],
    [{ problem: 'timed_out' }, 'warn', 'Not in sync'],
  ] as const)('%o: %s, %s', (changes, kind, word) => {
    expect(syncWords(status(changes))).toMatchObject({ kind, word })
  })

  test('every state has its words, and what waits is never said to be gone', () => {
    for (const state of SESSION_STATES) {
      const { word, why } = syncWords(status({ state, pending: 3 }))
      expect(word).not.toBe('')
      expect(why).not.toMatch(/undefined|null/)
    }
    for (const state of ['offline', 'backoff', 'shed', 'halted'] as const)
      expect(syncWords(status({ state, pending: 3, problem: 'no_answer' })).why).toContain(
        '3 changes are kept on this device',
      )
  })

  test('nothing is said to be up to date while work of the person’s is open, or was lost unseen', () => {
    const none = { toDecide: 0, notApplied: 0, isLost: false }
    expect(headWords(status(), none)).toEqual({ kind: 'ok', word: 'Up to date' })
    expect(headWords(status(), { ...none, toDecide: 2 })).toEqual({ kind: 'warn', word: '2 to decide' })
    expect(headWords(status(), { toDecide: 1, notApplied: 3, isLost: true })).toEqual({
      kind: 'crit',
      word: 'Changes lost · 3 not applied · 1 to decide',
    })
    const offline = status({ state: 'offline', pending: 1 })
    expect(headWords(offline, { ...none, isLost: true })).toEqual({
      kind: 'unk',
      word: 'Offline · changes lost',
    })
  })

  test('what no sentence is known for is told by its code', () => {
    expect(problemSentence('strange_thing')).toBe('The server said “strange_thing”.')
    expect(problemSentence(null)).toBe('')
  })

  test('the figures: what waits, since when, the last session and the next', () => {
    const waiting = status({
      pending: 1,
      oldestPendingAt: '2026-11-28T09:56:00Z',
      nextSyncAt: '2026-11-28T10:00:12.400Z',
    })
    expect(syncFacts(waiting, NOW_MS)).toEqual({
      waiting: '1 change',
      oldest: '4 min ago',
      last: '1 min ago',
      next: 'in 13 s',
    })
    expect(syncFacts(status({ lastSyncedAt: null }), NOW_MS)).toEqual({
      waiting: 'nothing',
      oldest: null,
      last: 'not since the app was opened',
      next: null,
    })
    // A clock that was set back makes no age below nothing.
    const ahead = status({ pending: 1, oldestPendingAt: '2026-11-28T11:00:00Z' })
    expect(syncFacts(ahead, NOW_MS).oldest).toBe('just now')
  })
})

describe('why a change was not applied', () => {
  test.each([...DEAD_LETTER_CODES, ...REFUSED_CODES].filter((code) => !/foreign|unknown_field/.test(code)))(
    '%s has words of its own',
    (code) => {
      expect(refusalSentence({ code, detail: '' })).not.toContain(code)
    },
  )

  test('the field that is at fault is named, as people call it, with what is wrong in plain words', () => {
    const letter = { code: 'schema_mismatch', detail: 'String is too long (19 > 10).', path: '/airportName' }
    const why = 'something in it is not as it may be'
    expect(refusalSentence(letter, labelOf)).toBe(`${why} (Airport is too long: 19 characters, 10 at most).`)
    expect(refusalSentence({ ...letter, path: '/damage/costs' }, labelOf)).toContain('(damage.costs is too')
    expect(refusalSentence({ ...letter, detail: 'odd', path: '/a' })).toBe(`${why} (a: odd).`)
  })

  test('what the schema forbids stands at its field of the form, and the rest in a sentence', () => {
    const issues = [
      { path: '/airportName', message: 'String is too long (19 > 10).' },
      { path: '/airportName', message: 'String does not match format "x".' },
      { path: '', message: 'Instance does not have required property "flightDate".' },
      { path: '', message: 'Instance does not have required property "inspector".' },
      { path: '/tags/0', message: 'Instance type "number" is invalid. Expected "string".' },
    ]
    const error = new ReplicaError('invalid_data', REPORTS, issues)
    expect(writeFailure(error)).toEqual({
      problems: { airportName: 'Is too long: 19 characters, 10 at most', flightDate: 'Fill this in' },
      rest: 'Correct what is marked. “inspector” is missing. Tags.0 is a number, not text.',
    })
    expect(failureSentence(new ReplicaError('invalid_data', REPORTS, issues.slice(0, 1)))).toBe(
      'Airport is too long: 19 characters, 10 at most.',
    )
    for (const told of [writeFailure(new Error('full')).rest, failureSentence('full')])
      expect(told).toBe('full')
  })

  test('the server’s detail stands with it, and a strange code is told', () => {
    expect(refusalSentence({ code: 'rule_violation', detail: 'No emus' })).toBe(
      'it breaks a rule of the fleet (No emus).',
    )
    expect(refusalSentence({ code: 'odd', detail: '' })).toBe('the server said “odd”.')
  })
})

describe('a conflict field by field', () => {
  const mine = { species: 'Killdeer', status: 'open', tags: ['a'], note: 'x' }
  const theirs = { species: 'Dove', status: 'open', tags: ['b'], damage: 'Minor' }
  const fields = conflictFields(mine, theirs, ['tags'])

  test('has the fields that differ, without those that merge by themselves', () => {
    expect(fields.map(({ field }) => field)).toEqual(['species', 'damage', 'note'])
  })

  test('what is chosen is written, and what nobody chose stays the server’s', () => {
    expect(chosenChanges(fields, { species: 'mine', damage: 'mine', note: 'theirs' })).toEqual({
      set: { species: 'Killdeer' },
      unset: ['damage', 'note'],
    })
    expect(chosenChanges(fields, {})).toEqual({ set: { species: 'Dove', damage: 'Minor' }, unset: ['note'] })
  })

  test('the order of an object’s keys is no difference', () => {
    expect(conflictFields({ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } })).toEqual([])
  })
})
