import { describe, expect, test } from 'vitest'
import type { SessionRow } from '#app/(console)/sessions/session-row.ts'
import { ownSegmentsOf, segmentsOf } from '#app/(console)/sessions/session-segments.ts'
import { sessionsSentence, sessionVerdict } from '#app/(console)/sessions/session-words.ts'

const START = Date.UTC(2026, 10, 24, 11, 50, 12)
const OFFSET = 1_800
/** As the device's own clock said it. */
const raw = (afterMs: number): string => new Date(START + afterMs - OFFSET).toISOString()
const step = (from: string, event: string, to: string, afterMs: number) => ({
  from,
  event,
  to,
  at: raw(afterMs),
})

const row = (parts: Partial<Record<keyof SessionRow, unknown>>): SessionRow =>
  ({
    deviceName: 'DFW-0417',
    mode: 'delta',
    result: 'ok',
    startedAtMs: START,
    endedAtMs: START + 4_900,
    offsetMs: OFFSET,
    transitions: [],
    attempts: [],
    pushed: 3,
    pulled: 12,
    conflicts: 0,
    deadLettered: 0,
    queueDepthBefore: 3,
    queueDepthAfter: 0,
    inferred: false,
    ...parts,
  }) as unknown as SessionRow

describe('segments', () => {
  test('each stay lasts until the next transition, by the corrected clock; the rest at the end is none', () => {
    const segments = segmentsOf(
      row({
        transitions: [
          step('idle', 'start', 'scanning', 0),
          step('scanning', 'scanned', 'pushing', 300),
          step('pushing', 'pushed', 'pulling', 1_900),
          step('committing', 'committed', 'idle', 4_900),
        ],
      }),
    )
    expect(segments).toEqual([
      { state: 'scanning', startMs: START, ms: 300 },
      { state: 'pushing', startMs: START + 300, ms: 1_600 },
      { state: 'pulling', startMs: START + 1_900, ms: 3_000 },
    ])
  })
  test('a failed stay says what the request was answered, and shed is held', () => {
    const segments = segmentsOf(
      row({
        transitions: [
          step('scanning', 'scanned', 'pushing', 0),
          step('pushing', 'failed', 'backoff', 1_000),
          step('backoff', 'wait_over', 'scanning', 2_000),
          step('scanning', 'breaker_open', 'shed', 2_500),
        ],
        attempts: [{ kind: 'push', startedAt: raw(100), durationMs: 900, status: 504 }],
      }),
    )
    expect(segments.map(({ state, tone, note }) => [state, tone, note])).toEqual([
      ['pushing', 'crit', '504'],
      ['backoff', undefined, undefined],
      ['scanning', 'held', undefined],
      ['shed', 'held', undefined],
    ])
    expect(segments.at(-1)?.ms).toBe(2_400)
  })
  test('no answer is said as such, never as status 0', () => {
    const [segment] = segmentsOf(
      row({
        transitions: [step('idle', 'start', 'scanning', 0), step('scanning', 'failed', 'backoff', 10)],
        attempts: [{ kind: 'push', startedAt: raw(5), durationMs: 1, status: 0 }],
      }),
    )
    expect(segment?.note).toBe('no answer')
  })
  test('a stay before the start is no time of the session, and one across it counts from the start', () => {
    const stays = (startsAtMs: number) =>
      ownSegmentsOf(
        row({
          startedAtMs: START + startsAtMs,
          transitions: [
            step('committing', 'committed', 'idle', 0),
            step('idle', 'start', 'scanning', 191),
            step('scanning', 'scanned', 'pushing', 300),
            step('committing', 'committed', 'idle', 546),
          ],
        }),
      )
    const pushing = { state: 'pushing', startMs: START + 300, ms: 246 }
    expect(stays(191)).toEqual([{ state: 'scanning', startMs: START + 191, ms: 109 }, pushing])
    expect(stays(200)).toEqual([{ state: 'scanning', startMs: START + 200, ms: 100 }, pushing])
  })
})

describe('verdict', () => {
  test('a good session', () => {
    expect(sessionVerdict(row({ conflicts: 2, deadLettered: 1 }))).toEqual({
      kind: 'ok',
      sentence: 'DFW-0417 synced in 4.9 s; 2 changes met a conflict, 1 change is a dead letter',
      evidence: 'Delta sync: 3 changes pushed, 12 pulled, queue from 3 to 0',
    })
  })
  test('a failed one names the last bad answer', () => {
    const attempts = [
      { kind: 'push', startedAt: raw(0), durationMs: 5, status: 200 },
      { kind: 'pull', startedAt: raw(9), durationMs: 5, status: 504, code: 'timeout' },
    ]
    expect(sessionVerdict(row({ result: 'failed', attempts })).sentence).toBe(
      'DFW-0417 could not sync: the pull request was answered 504 (timeout)',
    )
    expect(sessionVerdict(row({ result: 'failed' })).sentence).toBe(
      'DFW-0417 could not sync: it did not say why',
    )
  })
  test('an inferred one does not claim to know', () => {
    const verdict = sessionVerdict(row({ result: 'abandoned', inferred: true }))
    expect(verdict.kind).toBe('unk')
    expect(verdict.sentence).toContain('never told')
  })
  test('the list says what it counts', () => {
    const all = { q: '', more: false, later: false }
    const mixed = [{ result: 'ok' }, { result: 'failed' }] as const
    const say = (rows: Parameters<typeof sessionsSentence>[0], scope: object) =>
      sessionsSentence(rows, { ...all, ...scope }, 'last hour')
    expect(say(mixed, {})).toBe('Of 2 sessions in the last hour, 1 did not end well')
    expect(say(mixed, { more: true })).toContain('Of the newest 2 sessions')
    expect(say(mixed, { more: true, later: true })).toBe('Of the 2 sessions on this page, 1 did not end well')
    expect(say([], {})).toBe('No session ended in the last hour')
    const of = (part: number, later: boolean) =>
      sessionsSentence(mixed, { q: '', more: true, later }, 'last hour', { part, whole: 2_281 })
    expect([of(71, false), of(0, true)]).toEqual([
      '71 of 2,281 sessions in the last hour failed',
      'None of 2,281 sessions in the last hour failed',
    ])
  })
  test('a page that looked through many and found none says so, and that it goes on', () => {
    const say = (more: boolean, later: boolean) =>
      sessionsSentence([], { q: 'nobody', more, later }, '7 days', null, 50_000)
    expect([say(true, false), say(true, true), say(false, true), say(false, false)]).toEqual([
      'Of the newest 50,000 sessions in the 7 days none matches “nobody”',
      'Of the next 50,000 sessions in the 7 days none matches “nobody”',
      'No further session in the 7 days matches “nobody”',
      'No session in the 7 days matches “nobody”',
    ])
  })
  test('a filtered list never stands for the whole', () => {
    const say = (results: readonly ('ok' | 'failed')[], more: boolean, q: string) =>
      sessionsSentence(
        results.map((result) => ({ result })),
        { q, more, later: false },
        'last hour',
      )
    expect(say(['failed', 'failed'], true, 'result:failed')).toBe(
      'At least 2 sessions in the last hour match “result:failed”',
    )
    const counted = (matching: number) =>
      sessionsSentence(
        [{ result: 'failed' }, { result: 'failed' }],
        { q: 'result:failed', more: true, later: false, matching },
        'last hour',
      )
    expect([counted(107), counted(1)]).toEqual([
      '107 sessions in the last hour match “result:failed”',
      'At least 2 sessions in the last hour match “result:failed”',
    ])
    expect(say(['failed'], false, 'result:failed')).toBe('1 session in the last hour matches “result:failed”')
    expect(say(['ok', 'failed'], false, 'DFW')).toBe(
      '2 sessions in the last hour match “DFW”; of those shown, 1 did not end well',
    )
    expect(say([], false, 'DFW')).toBe('No session in the last hour matches “DFW”')
  })
})
