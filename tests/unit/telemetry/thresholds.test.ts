import { describe, expect, test } from 'vitest'
import type { ConflictFigure, FailureFigure, LagFigure, QueueFigure } from '#lib/telemetry/pillars.ts'
import {
  DEFAULT_THRESHOLDS,
  conflictLevel,
  failureLevel,
  lagLevel,
  pendingLevel,
  queueLevel,
  thresholdsOf,
} from '#lib/telemetry/thresholds.ts'

const MINUTE = 60_000
const NONE = { count: 0, p50: null, p95: null, p99: null, max: null }
const all = (value: number) => ({ count: 1, p50: value, p95: value, p99: value, max: value })
const lagOf = (p95: number | null): LagFigure => ({
  upload: p95 === null ? NONE : all(p95),
  delivery: NONE,
  visibility: NONE,
  clamped: 0,
  deliveryMeanMs: null,
  pending: null,
})
const share = (rate: number | null) => ({ part: 0, whole: 0, rate })
const conflictsOf = (rate: number | null, whole = 20): ConflictFigure => ({
  mutations: { part: 0, whole, rate },
  sessions: null,
  byStrategy: [],
  byOutcome: { local: 0, remote: 0, merge: 0, manual: 0 },
  topFields: [],
})
const failuresOf = (rate: number | null): FailureFigure => ({
  requests: share(rate),
  shed: 0,
  byCode: [],
  sessions: share(null),
})
const queueOf = (deepest: number, oldestAgeMs: number | null): QueueFigure => ({
  atMs: 0,
  depth: deepest,
  depthOfEngines: 0,
  server: null,
  devices: { total: 1, pending: 1, depth: all(deepest), oldestAgeMs, reportAge: NONE },
})

describe('thresholds', () => {
  test('a collection’s own come before its fleet’s, and those before the defaults', () => {
    expect(thresholdsOf()).toEqual(DEFAULT_THRESHOLDS)
    const fleet = { lagWarnMs: 1, queueWarn: 2 }
    expect(thresholdsOf(fleet)).toEqual({ ...DEFAULT_THRESHOLDS, ...fleet })
    expect(thresholdsOf(fleet, { queueWarn: 3 })).toEqual({
      ...DEFAULT_THRESHOLDS,
      lagWarnMs: 1,
      queueWarn: 3,
    })
  })

  test.each([
    [5 * MINUTE, 'ok'],
    [5 * MINUTE + 1, 'warn'],
    [60 * MINUTE, 'warn'],
    [60 * MINUTE + 1, 'crit'],
    [null, 'unk'],
  ])('upload lag p95 of %s ms is %s', (p95, level) => {
    expect(lagLevel(lagOf(p95), DEFAULT_THRESHOLDS)).toBe(level)
  })

  test.each([
    [0, 'ok'],
    [0.02, 'ok'],
    [0.021, 'warn'],
    [0.101, 'crit'],
    [null, 'unk'],
  ])('a conflict rate of %s is %s', (rate, level) => {
    expect(conflictLevel(conflictsOf(rate), DEFAULT_THRESHOLDS)).toBe(level)
  })
  test('the conflict rate of a few changes is not judged', () => {
    expect(conflictLevel(conflictsOf(0.5, 19), DEFAULT_THRESHOLDS)).toBe('unk')
  })

  test.each([
    [0.01, 'ok'],
    [0.011, 'warn'],
    [0.051, 'crit'],
    [null, 'unk'],
  ])('a failure rate of %s is %s', (rate, level) => {
    expect(failureLevel(failuresOf(rate), DEFAULT_THRESHOLDS)).toBe(level)
  })

  test.each([
    [100, null, 'ok'],
    [101, null, 'warn'],
    [1_001, null, 'crit'],
    [1, 60 * MINUTE + 1, 'warn'],
    [1, 60 * MINUTE, 'ok'],
  ])('%i changes on one device, the oldest %s ms, is %s', (deepest, oldest, level) => {
    expect(queueLevel(queueOf(deepest, oldest), DEFAULT_THRESHOLDS)).toBe(level)
  })

  test('what is missing is never ok', () => {
    const levels = [lagLevel, conflictLevel, failureLevel, queueLevel].map((level) =>
      level(null, DEFAULT_THRESHOLDS),
    )
    expect([...levels, pendingLevel(null, DEFAULT_THRESHOLDS)]).toEqual(['unk', 'unk', 'unk', 'unk', 'unk'])
  })

  test('pending age judges devices that are heard, not the offline ones', () => {
    const pending = { atMs: 0, online: all(61 * MINUTE), offline: NONE }
    expect(pendingLevel(pending, DEFAULT_THRESHOLDS)).toBe('warn')
    expect(pendingLevel({ atMs: 0, online: NONE, offline: all(90 * MINUTE) }, DEFAULT_THRESHOLDS)).toBe('ok')
  })
})
