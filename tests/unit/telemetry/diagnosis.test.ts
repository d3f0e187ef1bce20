import { describe, expect, it } from 'vitest'
import { diagnose } from '#lib/telemetry/diagnosis/diagnose.ts'
import type { DiagnosisName, Evidence, SessionEvidence } from '#lib/telemetry/diagnosis/evidence.ts'
import { DIAGNOSES } from '#lib/telemetry/diagnosis/evidence.ts'
import { answered, paceOf } from '#lib/telemetry/diagnosis/pace.ts'

const NOW = Date.UTC(2026, 10, 24, 14, 32, 8)
const MINUTE = 60_000
const HOUR = 60 * MINUTE

type Parts = Partial<Omit<Evidence, 'device'>> & {
  readonly device?: Partial<Evidence['device']>
  readonly report?: Partial<NonNullable<Evidence['device']['report']>> | null
}
const evidence = ({ device, report, ...rest }: Parts = {}): Evidence => ({
  nowMs: NOW,
  intervalMs: MINUTE,
  limits: { queueWarn: 100, oldestWarnMs: HOUR },
  minAppVersion: null,
  device: {
    id: 'd',
    name: 'DFW-0417',
    status: 'active',
    appVersion: '2.4.1',
    enrolledAtMs: NOW - 100 * HOUR,
    lastContactMs: NOW - 1_000,
    lastSessionOkMs: NOW - MINUTE,
    report:
      report === null
        ? null
        : {
            state: 'idle',
            depth: 0,
            oldestMadeAtMs: null,
            byCollection: {},
            offsetMs: 0,
            rttMs: 41,
            atMs: NOW - 1_000,
            ...report,
          },
    ...device,
  },
  sessions: [],
  unreported: [],
  letters: { items: [], more: false },
  conflicts: { items: [], more: false },
  tries: [],
  turn: null,
  breakers: [],
  others: null,
  ...rest,
})
const session = (changes: Partial<SessionEvidence> = {}): SessionEvidence => ({
  sessionId: 's',
  mode: 'delta',
  result: 'ok',
  startedAtMs: NOW - 2 * MINUTE,
  endedAtMs: NOW - MINUTE,
  pushed: 0,
  queueDepthBefore: 0,
  queueDepthAfter: 0,
  attempts: [],
  inferred: false,
  ...changes,
})
const attempt = (kind: string, status: number, durationMs = 40, code?: string) => ({
  kind,
  status,
  durationMs,
  ...(code === undefined ? {} : { code }),
})
const failed = (kind: string, status: number, code: string): SessionEvidence =>
  session({ result: 'failed', attempts: [attempt(kind, status, 40, code)] })
const breaker = (changes: Partial<Evidence['breakers'][number]> = {}): Evidence['breakers'][number] => ({
  scope: 'fleet:f',
  name: 'fleet',
  collection: null,
  appVersion: null,
  held: null,
  sinceMs: NOW - 10 * MINUTE,
  retryAfterMs: 30_000,
  ...changes,
})
const letter = {
  id: 'l',
  code: 'schema_mismatch',
  detail: 'not a number',
  mutation: { collection: 'strikes' },
  createdAtMs: NOW,
}
const conflict = { id: 'c', collection: 'strikes', createdAtMs: NOW, sessionId: 's' }
const waiting = { depth: 14, oldestMadeAtMs: NOW - 5_000, byCollection: { strikes: 14 } }

/** One evidence for each verdict, in the order of precedence. */
const EACH: readonly (readonly [DiagnosisName, Parts])[] = [
  ['revoked', { device: { status: 'revoked' } }],
  ['paused', { device: { status: 'paused' } }],
  ['app_version_refused', { minAppVersion: '2.5' }],
  ['never_enrolled', { report: null }],
  ['breaker_open', { breakers: [breaker({ sinceMs: NOW - 3 * HOUR })] }],
  ['offline', { device: { lastContactMs: NOW - 3 * HOUR } }],
  ['waiting_for_admission', { turn: { admitAtMs: NOW + MINUTE, place: 3 } }],
  ['poison', { report: waiting, tries: [{ mutationId: 'm', tries: 3, lastAtMs: NOW - MINUTE }] }],
  ['server_slow', { sessions: [session({ attempts: [1, 2, 3].map(() => attempt('push', 200, 6_000)) })] }],
  [
    'backlog',
    {
      report: { ...waiting, depth: 5_000 },
      unreported: [{ firstPushMs: NOW - 10 * MINUTE, lastPushMs: NOW, pushed: 500 }],
    },
  ],
  ['told_to_wait', { sessions: [failed('push', 429, 'rate_limited')] }],
  ['failing', { sessions: [failed('pull', 500, 'internal'), failed('pull', 500, 'internal')] }],
  ['clock_off', { report: { offsetMs: -HOUR } }],
  ['waiting_for_person', { conflicts: { items: [conflict], more: false } }],
  ['dead_letter', { letters: { items: [letter], more: false } }],
  ['not_known', { report: { depth: 1, oldestMadeAtMs: NOW - 2 * HOUR } }],
  ['healthy', {}],
]

describe('why a device is stuck', () => {
  it.each(EACH)('%s', (name, parts) => {
    const found = diagnose(evidence(parts))
    expect(found.verdict).toBe(name)
    expect(found.sentence).toContain('DFW-0417')
    expect(found.evidence.length).toBeGreaterThan(0)
    expect(found.next.title).not.toBe('')
  })

  it('has a case for every verdict, in the order of precedence', () => {
    expect(EACH.map(([name]) => name)).toEqual([...DIAGNOSES])
  })

  it('names of two causes the one that comes first', () => {
    for (const [i, [first, one]] of EACH.entries()) {
      // What is behind `revoked` and the like is there; `never_enrolled` and `offline` are about what isn't.
      for (const [second, two] of EACH.slice(i + 1)) {
        if (first === 'never_enrolled' || second === 'never_enrolled') continue
        const both: Parts = {
          ...two,
          ...one,
          device: { ...two.device, ...one.device },
          report: { ...two.report, ...one.report },
          sessions: [...(one.sessions ?? []), ...(two.sessions ?? [])],
        }
        expect([first, second, diagnose(evidence(both)).verdict]).toEqual([first, second, first])
      }
    }
  })
})

describe('what is told apart', () => {
  const verdict = (parts: Parts): string => diagnose(evidence(parts)).verdict

  it('a device that was silent long before the breaker tripped is offline, not held by it', () => {
    const silent = { lastContactMs: NOW - 3 * HOUR }
    expect(verdict({ device: silent, breakers: [breaker({ sinceMs: NOW - MINUTE })] })).toBe('offline')
    expect(verdict({ device: silent, breakers: [breaker({ sinceMs: NOW - 3 * HOUR })] })).toBe('breaker_open')
  })

  it('a breaker of a collection holds who has changes there', () => {
    const strikes = breaker({ scope: 'collection:f:strikes', collection: { id: 'x', name: 'strikes' } })
    expect(verdict({ breakers: [strikes], report: waiting })).toBe('breaker_open')
    expect(verdict({ breakers: [strikes], report: { ...waiting, byCollection: { forms: 14 } } })).toBe(
      'healthy',
    )
  })

  it('slow for this device alone is its network', () => {
    const slow = [session({ attempts: [1, 2, 3].map(() => attempt('push', 200, 8_000)) })]
    const others = (medianMs: number) => ({ kind: 'push' as const, count: 40, medianMs })
    expect(verdict({ sessions: slow, others: others(8_000) })).toBe('server_slow')
    const found = diagnose(evidence({ sessions: slow, others: others(90) }))
    expect(found.verdict).toBe('healthy')
    expect(found.checks.find(({ name }) => name === 'Network')).toEqual({
      name: 'Network',
      state: 'suspect',
      value: '8 s a push',
    })
  })

  it('a network that loses every fourth request or more is suspect, though the device is heard', () => {
    const network = (lost: number, all: number) => {
      const attempts = Array.from({ length: all }, (_, i) => attempt('pull', i < lost ? 0 : 200))
      const { checks } = diagnose(evidence({ sessions: [session({ attempts })] }))
      return checks.find(({ name }) => name === 'Network')
    }
    expect(network(18, 40)).toEqual({ name: 'Network', state: 'suspect', value: '18 of 40 unanswered' })
    expect([network(10, 40), network(9, 40), network(3, 10), network(9, 9)].map((it) => it?.state)).toEqual([
      'suspect',
      'ruled_out',
      'suspect',
      'ruled_out',
    ])
  })

  it('a backlog that goes out in time is none', () => {
    const pushing = [{ firstPushMs: NOW - MINUTE, lastPushMs: NOW, pushed: 4_000 }]
    expect(verdict({ report: { ...waiting, depth: 5_000 }, unreported: pushing })).toBe('healthy')
  })

  it('a queue that grows while it is sent is told as such', () => {
    const sessions = [3, 2, 1].map((n) =>
      session({ startedAtMs: NOW - n * HOUR, pushed: 100, queueDepthBefore: 200, queueDepthAfter: 200 }),
    )
    const found = diagnose(evidence({ report: { ...waiting, depth: 300 }, sessions: sessions.reverse() }))
    expect(found.verdict).toBe('backlog')
    expect(found.sentence).toContain('makes changes faster than they go out')
    expect(found.next.endsAtMs).toBeNull()
  })

  it('the same answer to three pushes is poison, a shed or a lost answer is not', () => {
    const bad = [1, 2, 3].map(() => failed('push', 500, 'internal'))
    expect(verdict({ report: waiting, sessions: bad })).toBe('poison')
    expect(verdict({ report: waiting, sessions: bad.slice(1) })).toBe('failing')
    expect(verdict({ report: waiting, sessions: bad.map(() => failed('push', 0, 'no_answer')) })).toBe(
      'failing',
    )
    expect(verdict({ report: waiting, sessions: bad.map(() => failed('push', 503, 'shed')) })).toBe(
      'told_to_wait',
    )
    expect(verdict({ sessions: bad })).toBe('failing')
  })

  it('a change that was tried long ago is not at the head of a queue', () => {
    const tries = [{ mutationId: 'm', tries: 9, lastAtMs: NOW - 7 * HOUR }]
    expect(verdict({ report: waiting, tries })).toBe('healthy')
  })

  it('sessions that the server inferred are no word of the device', () => {
    const inferred = [1, 2, 3].map(() => ({ ...failed('push', 500, 'internal'), inferred: true }))
    expect(verdict({ report: waiting, sessions: inferred })).toBe('healthy')
  })

  it('how long a change may wait is the fleet’s affair', () => {
    const report = { depth: 1, oldestMadeAtMs: NOW - 2 * HOUR }
    const limits = { queueWarn: 100, oldestWarnMs: 2 * HOUR }
    expect(verdict({ report, limits })).toBe('healthy')
  })

  it('what waits is told with how long it takes, where pushes told that', () => {
    const sessions = [session({ pushed: 10, attempts: [attempt('push', 200, 5_000)] })]
    const { next } = diagnose(evidence({ report: waiting, sessions }))
    expect(next).toMatchObject({
      detail: '14 changes need about 7 s once it may send.',
      endsAtMs: NOW + 7_000,
    })
    expect(diagnose(evidence({ report: waiting })).next.endsAtMs).toBeNull()
  })
})

describe('a device of another engine', () => {
  const foreign = ({ device, ...parts }: Parts = {}) =>
    diagnose(evidence({ report: null, ...parts, device: { source: 'powersync', ...device } }))
  const nulls = { mode: null, pushed: null, queueDepthBefore: null, queueDepthAfter: null }
  const told = (changes: Partial<SessionEvidence> = {}) => session({ ...nulls, ...changes })
  const PROMISES = /by itself|drain|resync|diagnostics|halted|enroll|Its app |is safe|are safe/

  it('says no more than what was told, and offers no command', () => {
    const bad = [1, 2].map(() => told({ result: 'failed', attempts: [attempt('push', 429, 40, 'busy')] }))
    const each: readonly (readonly [DiagnosisName, Parts])[] = [
      ['not_known', {}],
      ['not_known', { sessions: [told()] }],
      ['not_known', { sessions: [told({ queueDepthAfter: 3 })] }],
      ['not_known', { sessions: bad.slice(1) }],
      ['healthy', { sessions: [told({ queueDepthAfter: 0 })] }],
      ['failing', { sessions: bad }],
      ['offline', { sessions: bad, device: { lastContactMs: NOW - 9 * HOUR } }],
      // Its last session is longer ago than is looked back.
      ['offline', { device: { lastContactMs: NOW - 900 * HOUR } }],
      ['revoked', { sessions: bad, device: { status: 'revoked' } }],
    ]
    for (const [verdict, parts] of each) {
      const found = foreign(parts)
      expect(found.verdict).toBe(verdict)
      expect(found.sentence).toContain('DFW-0417')
      expect(found.next.action?.kind).not.toBe('command')
      expect(found.next.endsAtMs).toBeNull()
      expect(JSON.stringify(found)).not.toMatch(PROMISES)
    }
  })

  it('is held by nothing of this server, and cleared of nothing of it', () => {
    const sessions = [told({ queueDepthAfter: 0 })]
    const found = foreign({ sessions, breakers: [breaker()], minAppVersion: '99' })
    expect(found.verdict).toBe('healthy')
    const states = new Map(found.checks.map(({ name, state }) => [name, state]))
    for (const name of ['Token', 'App version', 'Storage', 'Breakers'] as const)
      expect(states.get(name), name).toBe('not_known')
  })

  it('what waits on a device that sent no report is not called nothing', () => {
    const { next } = diagnose(
      evidence({ report: null, sessions: [session()], device: { lastContactMs: NOW - 9 * HOUR } }),
    )
    expect(next.detail).toContain('What waits on it is not known')
  })
})

describe('its paces', () => {
  it('the median of each kind of request, the longer one, from three answers on', () => {
    const some = [attempt('push', 200, 10), attempt('push', 200, 30), attempt('push', 200, 20)]
    expect(answered(some.slice(1))).toBeNull()
    expect(answered(some)).toEqual({ kind: 'push', count: 3, medianMs: 20 })
    const pulls = [1, 2, 3].map(() => attempt('pull', 200, 90))
    expect(answered([...some, ...pulls])).toEqual({ kind: 'pull', count: 3, medianMs: 90 })
    expect(answered(pulls.map((one) => ({ ...one, status: 0 })))).toBeNull()
  })

  it('counts from the last time that its queue was empty', () => {
    const hourly = (n: number, changes: Partial<SessionEvidence>) =>
      session({ startedAtMs: NOW - n * HOUR, pushed: 100, ...changes })
    const sessions = [
      hourly(1, { queueDepthBefore: 500, queueDepthAfter: 400 }),
      hourly(2, { queueDepthBefore: 600, queueDepthAfter: 500 }),
      hourly(3, { queueDepthBefore: 700, queueDepthAfter: 600 }),
      hourly(90, { queueDepthAfter: 0 }),
    ]
    expect(paceOf(evidence({ report: { depth: 400 }, sessions }))).toEqual({
      sentPerHour: 100,
      madePerHour: 0,
      emptyInMs: 4 * HOUR,
      sinceMs: NOW - 3 * HOUR,
    })
  })
})
