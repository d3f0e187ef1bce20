import { REQUESTS_FOR_RATE_MIN, SESSIONS_FOR_RATE_MIN } from '../thresholds.ts'
import type { AlertRule, BurnRateCondition, BurnWindow, ThresholdCondition } from './rule.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Of the SRE workbook: 2 % of a month's budget in an hour, 5 % in six; 10 % in one day, and in three. */
export const BURN_WINDOWS = {
  hour: { factor: 14.4, longMs: HOUR_MS, shortMs: 5 * MINUTE_MS },
  quarterDay: { factor: 6, longMs: 6 * HOUR_MS, shortMs: 30 * MINUTE_MS },
  day: { factor: 3, longMs: DAY_MS, shortMs: 2 * HOUR_MS },
  threeDays: { factor: 1, longMs: 3 * DAY_MS, shortMs: 6 * HOUR_MS },
} as const satisfies Record<string, BurnWindow>

/** Of answers to devices; as the limit `failureWarn` has it. */
const REQUESTS_TARGET = 0.99
/** Fewer than these in the long window are chance. */
const FAILURES_MIN = 5

const requestBurn = (windows: readonly BurnWindow[]): BurnRateCondition => ({
  kind: 'burn_rate',
  measure: 'requestFailures',
  target: REQUESTS_TARGET,
  windows,
  minTraffic: REQUESTS_FOR_RATE_MIN,
  minPart: FAILURES_MIN,
})

const threshold = (
  asked: Pick<ThresholdCondition, 'measure' | 'value'> & Partial<ThresholdCondition>,
): ThresholdCondition => ({
  kind: 'threshold',
  windowMs: 0,
  comparison: 'above',
  clear: null,
  minTraffic: 0,
  minPart: 0,
  perActivity: null,
  ...asked,
})

const rule = (
  asked: Pick<AlertRule, 'name' | 'title' | 'family' | 'severity' | 'condition'> & Partial<AlertRule>,
): AlertRule => ({
  groupBy: 'fleet',
  forMs: 0,
  keepFiringMs: 5 * MINUTE_MS,
  enabled: true,
  inhibitedBy: [],
  ...asked,
})

const BREAKER = ['breaker-open'] as const

/**
 * What every fleet is watched by from its first minute, unless it says otherwise. Each has a page in docs/runbooks/, and where
 * its figure stands on /metrics a twin in ops/prometheus/alerts.yml.
 */
export const DEFAULT_RULES: readonly AlertRule[] = [
  rule({
    name: 'request-failures-fast',
    title: 'Requests fail, fast',
    family: 'sync',
    severity: 'critical',
    condition: requestBurn([BURN_WINDOWS.hour, BURN_WINDOWS.quarterDay]),
    forMs: 2 * MINUTE_MS,
    inhibitedBy: BREAKER,
  }),
  rule({
    name: 'request-failures-slow',
    title: 'Requests fail, slowly and for long',
    family: 'sync',
    severity: 'warning',
    condition: requestBurn([BURN_WINDOWS.day, BURN_WINDOWS.threeDays]),
    forMs: 15 * MINUTE_MS,
    keepFiringMs: 15 * MINUTE_MS,
    inhibitedBy: [...BREAKER, 'request-failures-fast'],
  }),
  rule({
    name: 'session-failures',
    title: 'Sync sessions fail',
    family: 'sync',
    severity: 'warning',
    condition: threshold({
      measure: 'sessionFailures',
      value: { limit: 'failureBreaker' },
      windowMs: 30 * MINUTE_MS,
      minTraffic: SESSIONS_FOR_RATE_MIN,
      minPart: FAILURES_MIN,
    }),
    forMs: 10 * MINUTE_MS,
    inhibitedBy: [...BREAKER, 'request-failures-fast'],
  }),
  rule({
    name: 'dead-letters-growing',
    title: 'Dead letters grow',
    family: 'sync',
    severity: 'critical',
    condition: threshold({
      measure: 'deadLetters',
      value: 5,
      windowMs: 10 * MINUTE_MS,
      perActivity: { counter: 'pushed', factor: 0.01 },
    }),
    keepFiringMs: 10 * MINUTE_MS,
  }),
  rule({
    name: 'version-dead-letters',
    title: 'A version cannot sync',
    family: 'sync',
    severity: 'critical',
    groupBy: 'version',
    condition: threshold({
      measure: 'deadLetterRate',
      value: 0.2,
      windowMs: 10 * MINUTE_MS,
      minTraffic: 10,
      minPart: 3,
    }),
    keepFiringMs: 10 * MINUTE_MS,
    inhibitedBy: ['dead-letters-growing'],
  }),
  rule({
    name: 'conflicts-many',
    title: 'Many changes collide',
    family: 'sync',
    severity: 'warning',
    groupBy: 'collection',
    condition: threshold({
      measure: 'conflictRate',
      value: { limit: 'conflictFriction' },
      windowMs: 30 * MINUTE_MS,
      minTraffic: 50,
      minPart: 10,
    }),
    forMs: 15 * MINUTE_MS,
    keepFiringMs: 15 * MINUTE_MS,
  }),
  rule({
    name: 'changes-drop',
    title: 'Far fewer changes arrive than usual',
    family: 'sync',
    severity: 'warning',
    condition: {
      kind: 'anomaly',
      counter: 'pushed',
      windowMs: HOUR_MS,
      direction: 'below',
      deviations: 4,
      ratio: 0.3,
      minimum: 200,
      weeksMin: 3,
    },
    forMs: 15 * MINUTE_MS,
    keepFiringMs: 15 * MINUTE_MS,
    inhibitedBy: BREAKER,
  }),
  rule({
    name: 'no-requests',
    title: 'No device asks any more',
    family: 'devices',
    severity: 'critical',
    condition: {
      kind: 'absence',
      counter: 'requests',
      windowMs: 15 * MINUTE_MS,
      before: { windowMs: HOUR_MS, atLeast: 200 },
      devicesMin: 5,
    },
    keepFiringMs: 0,
    inhibitedBy: BREAKER,
  }),
  rule({
    name: 'version-silent',
    title: 'The devices of a version fell silent',
    family: 'devices',
    severity: 'warning',
    groupBy: 'version',
    condition: {
      kind: 'absence',
      counter: 'requests',
      windowMs: 30 * MINUTE_MS,
      before: { windowMs: HOUR_MS, atLeast: 100 },
      devicesMin: 5,
    },
    keepFiringMs: 0,
    inhibitedBy: [...BREAKER, 'no-requests'],
  }),
  rule({
    name: 'pending-age',
    title: 'Devices that are heard keep their work',
    family: 'devices',
    severity: 'warning',
    condition: threshold({ measure: 'pendingAge', value: { limit: 'oldestWarnMs' } }),
    forMs: 10 * MINUTE_MS,
    inhibitedBy: BREAKER,
  }),
  rule({
    name: 'stuck-devices',
    title: 'Many devices are stuck',
    family: 'devices',
    severity: 'critical',
    condition: threshold({ measure: 'stuckShare', value: 0.05, minTraffic: 10, minPart: 3 }),
    forMs: 15 * MINUTE_MS,
    inhibitedBy: BREAKER,
  }),
  rule({
    name: 'queue-deep',
    title: 'A device has a very long queue',
    family: 'devices',
    severity: 'warning',
    condition: threshold({ measure: 'queueDepth', value: { limit: 'queueCritical' } }),
    forMs: 15 * MINUTE_MS,
    inhibitedBy: BREAKER,
  }),
  rule({
    name: 'clock-skew',
    title: 'A device clock is far off',
    family: 'devices',
    severity: 'info',
    condition: threshold({ measure: 'clockSkew', value: 10 * MINUTE_MS }),
    forMs: 10 * MINUTE_MS,
  }),
  rule({
    name: 'resync-storm',
    title: 'Many devices resync fully',
    family: 'sync',
    severity: 'warning',
    condition: threshold({
      measure: 'fullSyncs',
      value: 20,
      windowMs: 15 * MINUTE_MS,
      perActivity: { counter: 'sessions', factor: 0.2 },
    }),
    forMs: 5 * MINUTE_MS,
  }),
  rule({
    name: 'breaker-open',
    title: 'A breaker is open',
    family: 'sync',
    severity: 'critical',
    groupBy: 'scope',
    condition: threshold({ measure: 'breakerOpen', value: 0 }),
    forMs: MINUTE_MS,
    keepFiringMs: 2 * MINUTE_MS,
  }),
  rule({
    name: 'override-ending',
    title: 'An override is about to end',
    family: 'breaker',
    severity: 'warning',
    groupBy: 'scope',
    condition: threshold({ measure: 'overrideEnds', comparison: 'below', value: 15 * MINUTE_MS }),
    keepFiringMs: 0,
  }),
  rule({
    name: 'break-glass',
    title: 'A breaker was overridden without a second person',
    family: 'breaker',
    severity: 'warning',
    groupBy: 'scope',
    condition: threshold({ measure: 'breakGlass', value: 0 }),
    keepFiringMs: 0,
  }),
  rule({
    name: 'oldest-unresolved',
    title: 'Dead letters or conflicts wait for a person for long',
    family: 'work',
    severity: 'info',
    condition: threshold({ measure: 'oldestUnresolved', value: DAY_MS }),
  }),
  rule({
    name: 'folding-behind',
    title: 'Charts and alerts are behind',
    family: 'server',
    severity: 'critical',
    condition: threshold({ measure: 'foldLag', value: 5 * MINUTE_MS }),
    forMs: 2 * MINUTE_MS,
  }),
  rule({
    name: 'rejected-credentials',
    title: 'Many credentials are refused',
    family: 'server',
    severity: 'warning',
    condition: threshold({ measure: 'rejectedCredentials', value: 50, windowMs: 10 * MINUTE_MS }),
    keepFiringMs: 10 * MINUTE_MS,
  }),
  rule({
    name: 'dead-token',
    title: 'A device token is used after its end',
    family: 'server',
    severity: 'warning',
    condition: threshold({ measure: 'deadTokens', value: 0 }),
    keepFiringMs: 10 * MINUTE_MS,
  }),
]
