import type { Thresholds } from '../thresholds.ts'

/** How a rule looks at a fleet: as a whole, or at each part by itself. `scope` is a breaker's. */
export const GROUPINGS = ['fleet', 'collection', 'version', 'scope'] as const
export type Grouping = (typeof GROUPINGS)[number]

/** What adds up over time. Each is a counter of the rollups (lib/rollups/counters.ts), or the sum of some. */
export const ALERT_COUNTERS = [
  'requests',
  'failures',
  'sessions',
  'failedSessions',
  'fullSyncs',
  'pushed',
  'conflicts',
  'deadLettered',
  'rejectedCredentials',
] as const
export type AlertCounter = (typeof ALERT_COUNTERS)[number]

/** What stands at a moment. Ages and skews in ms, and 0 where nothing waits. */
export const ALERT_GAUGES = [
  'devices',
  'silentDevices',
  'stuckDevices',
  'pendingAgeOnlineP95Ms',
  'oldestPendingAgeMs',
  'queueDepthMax',
  'clockSkewMaxMs',
  'openDeadLetters',
  'openConflicts',
  'oldestUnresolvedAgeMs',
  'foldLagMs',
  'deadTokenDevices',
  'breakerOpen',
  'overrideEndsInMs',
  'breakGlass',
] as const
export type AlertGauge = (typeof ALERT_GAUGES)[number]

/** A limit of the fleet, or of the collection that is looked at, as its settings have it. */
export type LimitName = keyof Thresholds

interface Told {
  /** What is said of the figure: `12.4 % of requests failed`. */
  readonly words: string
  readonly groupings: readonly Grouping[]
  /** The same on /metrics, where it stands there: an expression without range and grouping for each operand. */
  readonly promql: PromqlOperands | null
}
/** Selectors of series. A part of a whole has two; of each the expression takes `increase` over the window, or the value itself. */
export interface PromqlOperands {
  readonly part: string
  readonly whole: string | null
  /** Labels by grouping; `fleet` has none of its own. */
  readonly labels: Readonly<Partial<Record<Grouping, string>>>
  /** How series of one group become one figure. */
  readonly over: 'sum' | 'max'
}

/** A part of a whole over a window; under a minimum of the whole it says nothing. */
export interface RatioMeasure extends Told {
  readonly kind: 'ratio'
  readonly part: AlertCounter
  readonly whole: AlertCounter
  /** What the whole counts, in the singular. */
  readonly noun: string
}
export interface CountMeasure extends Told {
  readonly kind: 'count'
  readonly counter: AlertCounter
  readonly noun: string
}
/** A part of a whole at a moment. */
export interface ShareMeasure extends Told {
  readonly kind: 'share'
  readonly part: AlertGauge
  readonly whole: AlertGauge
  readonly noun: string
}
export interface GaugeMeasure extends Told {
  readonly kind: 'gauge'
  readonly gauge: AlertGauge
  readonly unit: 'ms' | 'count' | 'flag'
  readonly noun: string
}
export type Measure = RatioMeasure | CountMeasure | ShareMeasure | GaugeMeasure

const FLEET = ['fleet'] as const
const OF_REQUESTS = ['fleet', 'version'] as const
const OF_CHANGES = ['fleet', 'collection', 'version'] as const
const LASTING = 'applied|merged|superseded|conflict|dead_lettered'

const sums = (part: string, whole: string | null, labels: PromqlOperands['labels'] = {}): PromqlOperands => ({
  part,
  whole,
  labels,
  over: 'sum',
})
const greatest = (part: string, labels: PromqlOperands['labels'] = {}): PromqlOperands => ({
  part,
  whole: null,
  labels,
  over: 'max',
})
const CHANGE_LABELS = { collection: 'collection', version: 'app_version' } as const

/** What rules may be about, each declared once. */
export const MEASURES = {
  requestFailures: {
    kind: 'ratio',
    part: 'failures',
    whole: 'requests',
    noun: 'request',
    words: 'of requests failed',
    groupings: OF_REQUESTS,
    promql: sums(
      'tidemark_requests_total{status_class=~"4xx|5xx"}',
      'tidemark_requests_total{status_class!="shed"}',
    ),
  },
  sessionFailures: {
    kind: 'ratio',
    part: 'failedSessions',
    whole: 'sessions',
    noun: 'session',
    words: 'of sessions failed',
    groupings: OF_REQUESTS,
    promql: sums(
      'tidemark_sync_session_duration_seconds_count{result="failed"}',
      'tidemark_sync_session_duration_seconds_count',
    ),
  },
  conflictRate: {
    kind: 'ratio',
    part: 'conflicts',
    whole: 'pushed',
    noun: 'change',
    words: 'of changes collided',
    groupings: OF_CHANGES,
    promql: sums('tidemark_conflicts_total', `tidemark_mutations_total{result=~"${LASTING}"}`, {
      collection: 'collection',
    }),
  },
  deadLetterRate: {
    kind: 'ratio',
    part: 'deadLettered',
    whole: 'pushed',
    noun: 'change',
    words: 'of changes became dead letters',
    groupings: OF_CHANGES,
    promql: sums(
      'tidemark_mutations_total{result="dead_lettered"}',
      `tidemark_mutations_total{result=~"${LASTING}"}`,
      CHANGE_LABELS,
    ),
  },
  deadLetters: {
    kind: 'count',
    counter: 'deadLettered',
    noun: 'dead letter',
    words: 'new',
    groupings: OF_CHANGES,
    promql: sums('tidemark_mutations_total{result="dead_lettered"}', null, CHANGE_LABELS),
  },
  changes: {
    kind: 'count',
    counter: 'pushed',
    noun: 'change',
    words: 'pushed',
    groupings: OF_CHANGES,
    promql: sums(`tidemark_mutations_total{result=~"${LASTING}"}`, null, CHANGE_LABELS),
  },
  requests: {
    kind: 'count',
    counter: 'requests',
    noun: 'request',
    words: 'answered',
    groupings: OF_REQUESTS,
    promql: sums('tidemark_requests_total{status_class!="shed"}', null),
  },
  fullSyncs: {
    kind: 'count',
    counter: 'fullSyncs',
    noun: 'full resync',
    words: 'reported',
    groupings: OF_REQUESTS,
    promql: sums('tidemark_full_resyncs_total', null),
  },
  rejectedCredentials: {
    kind: 'count',
    counter: 'rejectedCredentials',
    noun: 'request',
    words: 'refused for its credential',
    groupings: FLEET,
    // On /metrics they are of no fleet: nobody has proven to belong to one.
    promql: null,
  },
  silentShare: {
    kind: 'share',
    part: 'silentDevices',
    whole: 'devices',
    noun: 'device',
    words: 'of devices are silent',
    groupings: OF_REQUESTS,
    promql: null,
  },
  stuckShare: {
    kind: 'share',
    part: 'stuckDevices',
    whole: 'devices',
    noun: 'device',
    words: 'of devices are heard, and keep work that has waited for over an hour',
    groupings: OF_REQUESTS,
    promql: null,
  },
  pendingAge: {
    kind: 'gauge',
    gauge: 'pendingAgeOnlineP95Ms',
    unit: 'ms',
    noun: 'pending age of devices that are heard (p95)',
    words: '',
    groupings: OF_REQUESTS,
    promql: greatest('tidemark_pending_age_seconds{connectivity="online",quantile="0.95"}'),
  },
  queueOldestAge: {
    kind: 'gauge',
    gauge: 'oldestPendingAgeMs',
    unit: 'ms',
    noun: 'age of the oldest change that waits on a device',
    words: '',
    groupings: OF_REQUESTS,
    promql: greatest('tidemark_queue_oldest_age_seconds'),
  },
  queueDepth: {
    kind: 'gauge',
    gauge: 'queueDepthMax',
    unit: 'count',
    noun: 'change',
    words: 'waiting on one device',
    groupings: OF_REQUESTS,
    promql: greatest('tidemark_queue_depth{stat="max"}'),
  },
  clockSkew: {
    kind: 'gauge',
    gauge: 'clockSkewMaxMs',
    unit: 'ms',
    noun: 'distance of the farthest device clock from ours',
    words: '',
    groupings: OF_REQUESTS,
    promql: greatest('tidemark_clock_skew_seconds'),
  },
  openDeadLetters: {
    kind: 'gauge',
    gauge: 'openDeadLetters',
    unit: 'count',
    noun: 'dead letter',
    words: 'open',
    groupings: FLEET,
    promql: sums('tidemark_dead_letters{status="open"}', null),
  },
  openConflicts: {
    kind: 'gauge',
    gauge: 'openConflicts',
    unit: 'count',
    noun: 'conflict',
    words: 'waiting for a person',
    groupings: FLEET,
    promql: null,
  },
  oldestUnresolved: {
    kind: 'gauge',
    gauge: 'oldestUnresolvedAgeMs',
    unit: 'ms',
    noun: 'age of the oldest dead letter or conflict that waits for a person',
    words: '',
    groupings: FLEET,
    promql: null,
  },
  foldLag: {
    kind: 'gauge',
    gauge: 'foldLagMs',
    unit: 'ms',
    noun: 'age of the oldest event that is in no chart',
    words: '',
    groupings: FLEET,
    promql: greatest('tidemark_rollup_fold_lag_seconds'),
  },
  breakerOpen: {
    kind: 'gauge',
    gauge: 'breakerOpen',
    unit: 'flag',
    noun: 'breaker is open',
    words: '',
    groupings: ['scope'],
    promql: greatest('tidemark_breaker_state{state="open"}', { scope: 'scope' }),
  },
  deadTokens: {
    kind: 'gauge',
    gauge: 'deadTokenDevices',
    unit: 'count',
    noun: 'device token was shown after its end',
    words: '',
    groupings: FLEET,
    promql: null,
  },
  overrideEnds: {
    kind: 'gauge',
    gauge: 'overrideEndsInMs',
    unit: 'ms',
    noun: 'time until the override ends',
    words: '',
    groupings: ['scope'],
    promql: null,
  },
  breakGlass: {
    kind: 'gauge',
    gauge: 'breakGlass',
    unit: 'flag',
    noun: 'breaker is overridden without the second person that it needs',
    words: '',
    groupings: ['scope'],
    promql: null,
  },
} as const satisfies Record<string, Measure>

export type MeasureName = keyof typeof MEASURES
export const MEASURE_NAMES = Object.keys(MEASURES) as readonly MeasureName[]
export const measureOf = (name: MeasureName): Measure => MEASURES[name]
