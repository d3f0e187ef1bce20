import { recommend } from '#lib/telemetry/review/recommend.ts'
import type { Answers, Measured, Review, Settings } from '#lib/telemetry/review/review.ts'
import { NO_ANSWERS } from '#lib/telemetry/review/review.ts'

const DAY_MS = 86_400_000
const AT_MS = Date.UTC(2026, 10, 3, 12)

/** A collection of which nothing could be measured. */
export const NOTHING_MEASURED: Measured = {
  atMs: AT_MS,
  fromMs: AT_MS - 30 * DAY_MS,
  toMs: AT_MS,
  records: null,
  followers: 0,
  changes: null,
  delta: null,
  waits: null,
  gaps: null,
  rate: null,
  conflicts: null,
}

/** 50 conflicts, 41 of them over different fields; patches of a twentieth of their documents; offline for a shift. */
export const MEASURED: Measured = {
  ...NOTHING_MEASURED,
  records: { live: 1_200, more: false, sampled: 500, bytesP50: 900, bytesP95: 2_400, bytesMax: 8_000 },
  followers: 14,
  changes: {
    sampled: 1_000,
    fromMs: AT_MS - 6 * DAY_MS,
    toMs: AT_MS,
    kinds: { patch: 900, put: 100 },
    bytesP50: 60,
    withAfter: 0,
    records: 400,
    shared: 31,
    writersMax: 4,
  },
  delta: { changes: 300, changeBytes: 15_000, documentBytes: 300_000 },
  waits: { count: 4_000, p50Ms: 40_000, p95Ms: 2 * 3_600_000, maxMs: 9 * 3_600_000 },
  gaps: { devices: 12, count: 240, p50Ms: 300_000, p95Ms: 3 * 3_600_000 },
  rate: { conflicts: 50, mutations: 4_000, perDay: 133 },
  conflicts: {
    sampled: 50,
    more: false,
    fromMs: AT_MS - 20 * DAY_MS,
    toMs: AT_MS,
    knownBase: 50,
    disjoint: 41,
    fields: [{ place: '/status', conflicts: 9 }],
  },
}

export const LWW: Settings = { strategy: 'lww', tieRule: 'lww', fieldStrategies: {} }

/** Answers with these choices. */
export const answering = (
  choices: Partial<{ [Q in keyof Omit<Answers, 'fields'>]: Answers[Q]['choice'] }>,
  fields: Answers['fields'] = {},
): Answers => ({
  ...NO_ANSWERS,
  ...Object.fromEntries(
    Object.entries(choices).map(([question, choice]) => [question, { choice, note: '' }]),
  ),
  fields,
})

export const reviewOf = (
  answers: Answers,
  measured: Measured = MEASURED,
  settings: Settings = LWW,
  version = 1,
): Review => ({
  version,
  answers,
  measured,
  recommendation: recommend(answers, measured, settings),
  settings,
  note: 'the yearly look',
  actor: 'Ada',
  atMs: AT_MS,
})
