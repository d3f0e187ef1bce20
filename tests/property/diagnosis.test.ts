import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SESSION_STATES } from '#lib/protocol/session-states.ts'
import { diagnose } from '#lib/telemetry/diagnosis/diagnose.ts'
import type { Evidence } from '#lib/telemetry/diagnosis/evidence.ts'
import { CHECKS, DIAGNOSES } from '#lib/telemetry/diagnosis/evidence.ts'
import { cases } from '#tests/support/cases.ts'

const NOW = Date.UTC(2026, 10, 24)
const ago = fc.integer({ min: -600_000, max: 40 * 86_400_000 }).map((ms) => NOW - ms)
const count = fc.nat(5_000)
const maybe = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: null })
const found = <T>(item: fc.Arbitrary<T>) =>
  fc.record({ items: fc.array(item, { maxLength: 3 }), more: fc.boolean() })

const attempt = fc.record({
  kind: fc.constantFrom('push', 'pull', 'config', 'sessions'),
  status: fc.constantFrom(0, 200, 401, 413, 429, 500, 503),
  code: fc.constantFrom(undefined, 'internal', 'shed', 'no_answer'),
  durationMs: fc.nat(20_000),
})
const session = fc.record({
  sessionId: fc.uuid(),
  mode: fc.constantFrom('delta' as const, 'full' as const, null),
  fullReason: fc.constantFrom(undefined, 'first', 'token_expired', 'other'),
  result: fc.constantFrom('ok' as const, 'failed' as const, 'abandoned' as const),
  startedAtMs: ago,
  endedAtMs: ago,
  pushed: maybe(count),
  queueDepthBefore: maybe(count),
  queueDepthAfter: maybe(fc.constantFrom(0, 1, 500)),
  attempts: fc.array(attempt, { maxLength: 5 }),
  inferred: fc.boolean(),
})
const evidence: fc.Arbitrary<Evidence> = fc.record({
  nowMs: fc.constant(NOW),
  intervalMs: fc.integer({ min: 1_000, max: 3_600_000 }),
  limits: fc.record({ queueWarn: count, oldestWarnMs: fc.integer({ min: 1, max: 86_400_000 }) }),
  minAppVersion: fc.constantFrom(null, '1.0', '3'),
  device: fc.record({
    id: fc.uuid(),
    name: fc.constant('DFW-0417'),
    status: fc.constantFrom('active' as const, 'active' as const, 'paused' as const, 'revoked' as const),
    appVersion: fc.constantFrom('2.4.1', '1.0', 'x'),
    source: fc.constantFrom(undefined, undefined, 'powersync'),
    enrolledAtMs: ago,
    lastContactMs: maybe(ago),
    lastSessionOkMs: maybe(ago),
    report: maybe(
      fc.record({
        state: fc.constantFrom(...SESSION_STATES),
        depth: count,
        oldestMadeAtMs: maybe(ago),
        byCollection: fc.dictionary(fc.constantFrom('a', 'b'), count),
        offsetMs: maybe(fc.integer({ min: -900_000, max: 900_000 })),
        rttMs: maybe(fc.nat(9_000)),
        atMs: ago,
      }),
    ),
  }),
  sessions: fc.array(session, { maxLength: 5 }),
  unreported: fc.array(fc.record({ firstPushMs: ago, lastPushMs: ago, pushed: count }), { maxLength: 2 }),
  letters: found(
    fc.record({
      id: fc.uuid(),
      code: fc.constantFrom('schema_mismatch', 'parent_dead_lettered'),
      detail: fc.string(),
      mutation: fc.record({ collection: fc.constant('a') }),
      createdAtMs: ago,
    }),
  ),
  conflicts: found(
    fc.record({ id: fc.uuid(), collection: fc.constant('a'), createdAtMs: ago, sessionId: maybe(fc.uuid()) }),
  ),
  tries: fc.array(fc.record({ mutationId: fc.uuid(), tries: fc.nat(20), lastAtMs: ago }), { maxLength: 2 }),
  turn: maybe(fc.record({ admitAtMs: ago, place: fc.nat(9) })),
  breakers: fc.array(
    fc.record({
      scope: fc.constantFrom('engine', 'fleet:f', 'collection:f:a', 'app:f:1.0'),
      name: fc.constantFrom('engine', 'fleet', 'a', 'app 1.0'),
      appVersion: maybe(fc.constantFrom('1.0', '2.0')),
      held: maybe(fc.record({ by: fc.string(), reason: fc.string(), endsAtMs: ago })),
      collection: maybe(fc.record({ id: fc.uuid(), name: fc.constantFrom('a', 'b') })),
      sinceMs: maybe(ago),
      retryAfterMs: fc.nat(60_000),
    }),
    { maxLength: 2 },
  ),
  others: maybe(
    fc.record({ kind: fc.constantFrom('push' as const, 'pull' as const), count, medianMs: fc.nat(9_000) }),
  ),
})

test('every evidence has exactly one verdict, with a sentence, evidence and a next step, all of it readable', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(evidence, (given) => {
      const answer = diagnose(given)
      seen.add(answer.verdict)
      expect(DIAGNOSES).toContain(answer.verdict)
      expect(answer.checks.map(({ name }) => name)).toEqual([...CHECKS])
      expect(answer.evidence.length).toBeGreaterThan(0)
      const told = JSON.stringify(answer)
      expect(told).not.toMatch(/NaN|Infinity|undefined|−\d/)
      for (const ms of [answer.next.endsAtMs, ...answer.evidence.map(({ atMs }) => atMs)])
        expect(ms === null || Number.isFinite(ms)).toBe(true)
      // Health is claimed of nobody who said nothing, and of no one whom something holds.
      const { source } = given.device
      if (source !== undefined) expect(answer.next.action?.kind).not.toBe('command')
      else if (answer.verdict === 'healthy') {
        expect(given.device.report).not.toBeNull()
        expect([given.device.status, given.letters.items, given.conflicts.items]).toEqual(['active', [], []])
      }
      expect(diagnose(given)).toEqual(answer)
    }),
    { numRuns: cases(2_000) },
  )
})
