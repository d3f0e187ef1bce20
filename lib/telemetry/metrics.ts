/** One name on /metrics. Base units, `_total` on counters, no label with a device or a user in it (metrics.md). */
export interface MetricDefinition {
  readonly name: string
  /** Its name over OTLP, without unit and prefix (metrics.md). */
  readonly stem: string
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly unit: 'seconds' | '1'
  /** What it measures and how it can lie. */
  readonly help: string
  readonly labels: readonly string[]
  /** `stable` names and labels change with a major version only. */
  readonly stability: 'stable' | 'experimental'
  /** `process`: each process tells its own part, sum over them. `leader`: read from the database, told by one process. */
  readonly source: 'process' | 'leader'
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[]
}

export const METRICS_PREFIX = 'tidemark_'

const LAG_BUCKETS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 604_800]
const SESSION_BUCKETS = [0.1, 0.5, 1, 2, 5, 15, 60, 300, 900]

/** Every name that Tidemark exposes, declared here and nowhere else. */
export const METRICS = {
  syncLag: {
    name: 'tidemark_sync_lag_seconds',
    stem: 'sync.lag',
    kind: 'histogram',
    unit: 'seconds',
    help: 'Time of a change between two stages of its life: upload (made to committed), delivery (committed to delivered, per device), visibility (made to delivered). Only what arrived has a sample: read it with tidemark_pending_age_seconds.',
    labels: ['fleet', 'collection', 'stage'],
    stability: 'stable',
    source: 'process',
    buckets: LAG_BUCKETS,
  },
  pendingAge: {
    name: 'tidemark_pending_age_seconds',
    stem: 'pending_age',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Age of the oldest unsynced change, over devices; for offline devices a lower bound. Absent when nothing is known to wait.',
    labels: ['fleet', 'connectivity', 'quantile'],
    stability: 'stable',
    source: 'leader',
  },
  sessionDuration: {
    name: 'tidemark_sync_session_duration_seconds',
    stem: 'sync.session.duration',
    kind: 'histogram',
    unit: 'seconds',
    help: 'Length of reported sync sessions by the device clock, waits included. A session that was never reported is not in it.',
    labels: ['fleet', 'mode', 'result'],
    stability: 'stable',
    source: 'process',
    buckets: SESSION_BUCKETS,
  },
  sessionsActive: {
    name: 'tidemark_sync_sessions_active',
    stem: 'sync.sessions.active',
    kind: 'gauge',
    unit: '1',
    help: 'Devices whose last report says that they are in a session; at most as fresh as their reports.',
    labels: ['fleet'],
    stability: 'stable',
    source: 'leader',
  },
  mutations: {
    name: 'tidemark_mutations_total',
    stem: 'mutations',
    kind: 'counter',
    unit: '1',
    help: 'Results of pushed mutations. A retry and a duplicate count under their own result.',
    labels: ['fleet', 'collection', 'platform', 'app_version', 'result'],
    stability: 'stable',
    source: 'process',
  },
  conflicts: {
    name: 'tidemark_conflicts_total',
    stem: 'conflicts',
    kind: 'counter',
    unit: '1',
    help: 'Pushed mutations that needed resolution logic; duplicates and retries are not among them.',
    labels: ['fleet', 'collection', 'strategy', 'outcome'],
    stability: 'stable',
    source: 'process',
  },
  requests: {
    name: 'tidemark_requests_total',
    stem: 'requests',
    kind: 'counter',
    unit: '1',
    help: 'Answered requests of the device API. Shed ones have their own class: they are no failures.',
    labels: ['fleet', 'route', 'status_class'],
    stability: 'stable',
    source: 'process',
  },
  unauthenticated: {
    name: 'tidemark_unauthenticated_requests_total',
    stem: 'unauthenticated_requests',
    kind: 'counter',
    unit: '1',
    help: "Answers to requests that never showed a fleet, for want of a good credential or because the server failed before it could look. They are in no fleet's failure rate: a rise of 5xx here is our own trouble, of 4xx somebody with wrong tokens.",
    labels: ['status_class'],
    stability: 'stable',
    source: 'process',
  },
  countsLost: {
    name: 'tidemark_request_counts_lost_total',
    stem: 'request_counts_lost',
    kind: 'counter',
    unit: '1',
    help: 'Answers that were given while the database was away for so long that their counts were given up: the failure rate of that time is too low by these.',
    labels: [],
    stability: 'stable',
    source: 'process',
  },
  pushErrors: {
    name: 'tidemark_push_errors_total',
    stem: 'push.errors',
    kind: 'counter',
    unit: '1',
    help: 'Pushes answered with an error code. A mutation refused or dead-lettered inside a 200 is not among them.',
    labels: ['fleet', 'error_type', 'retryable'],
    stability: 'stable',
    source: 'process',
  },
  duplicateRequests: {
    name: 'tidemark_duplicate_requests_total',
    stem: 'duplicate_requests',
    kind: 'counter',
    unit: '1',
    help: 'Pushes answered from the stored response of the same request id.',
    labels: ['fleet'],
    stability: 'stable',
    source: 'process',
  },
  queueDepth: {
    name: 'tidemark_queue_depth',
    stem: 'queue.depth',
    kind: 'gauge',
    unit: '1',
    help: 'Local changes waiting on devices as last reported: the sum, and the median, 95th percentile and maximum over devices.',
    labels: ['fleet', 'stat'],
    stability: 'stable',
    source: 'leader',
  },
  queueOldestAge: {
    name: 'tidemark_queue_oldest_age_seconds',
    stem: 'queue.oldest_age',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Age of the oldest change waiting on any device as last reported. Absent when none is known to wait.',
    labels: ['fleet'],
    stability: 'stable',
    source: 'leader',
  },
  fullResyncs: {
    name: 'tidemark_full_resyncs_total',
    stem: 'full_resyncs',
    kind: 'counter',
    unit: '1',
    help: 'Reported sessions that synced fully, by reason.',
    labels: ['fleet', 'reason'],
    stability: 'stable',
    source: 'process',
  },
  stateChecks: {
    name: 'tidemark_state_checks_total',
    stem: 'state_checks',
    kind: 'counter',
    unit: '1',
    help: 'State hashes that devices told, by what the comparison gave; `skipped` says nothing about the device.',
    labels: ['fleet', 'result'],
    stability: 'experimental',
    source: 'process',
  },
  ingested: {
    name: 'tidemark_ingested_total',
    stem: 'ingested',
    kind: 'counter',
    unit: '1',
    help: 'What other engines told (sessions, data points, logs), by what became of it. What an export holds besides is not counted.',
    labels: ['fleet', 'signal', 'result'],
    stability: 'experimental',
    source: 'process',
  },
  clockSkew: {
    name: 'tidemark_clock_skew_seconds',
    stem: 'clock_skew',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Largest distance of a device clock from the server clock, either way, as last measured.',
    labels: ['fleet'],
    stability: 'experimental',
    source: 'leader',
  },
  deadLetters: {
    name: 'tidemark_dead_letters',
    stem: 'dead_letters',
    kind: 'gauge',
    unit: '1',
    help: 'Dead letters by code. Only open ones are told.',
    labels: ['fleet', 'error_type', 'status'],
    stability: 'stable',
    source: 'leader',
  },
  deadLetterReplays: {
    name: 'tidemark_dead_letter_replays_total',
    stem: 'dead_letter.replays',
    kind: 'counter',
    unit: '1',
    help: 'Replays of dead letters by the result of the push they went through.',
    labels: ['fleet', 'result'],
    stability: 'stable',
    source: 'process',
  },
  breakerState: {
    name: 'tidemark_breaker_state',
    stem: 'breaker.state',
    kind: 'gauge',
    unit: '1',
    help: 'State of the breakers of this process: 1 for the state that a scope is in, 0 for the others. A scope other than engine appears when it trips first. Each process trips on what it sees itself.',
    labels: ['scope', 'state'],
    stability: 'stable',
    source: 'process',
  },
  thresholdSeconds: {
    name: 'tidemark_threshold_seconds',
    stem: 'threshold',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Limits that are times (`lag_warn`, `lag_critical`, `oldest_warn`), as set or by default: of the fleet as a whole under collection `*`, and of each collection those that it is judged by itself.',
    labels: ['fleet', 'collection', 'limit'],
    stability: 'experimental',
    source: 'leader',
  },
  thresholdFigure: {
    name: 'tidemark_threshold_figure',
    stem: 'threshold.figure',
    kind: 'gauge',
    unit: '1',
    help: 'Limits that are ratios (`conflict_warn`, `conflict_friction`, `failure_warn`, `failure_breaker`) or changes on one device (`queue_warn`, `queue_critical`), as tidemark_threshold_seconds tells the others.',
    labels: ['fleet', 'collection', 'limit'],
    stability: 'experimental',
    source: 'leader',
  },
  foldLag: {
    name: 'tidemark_rollup_fold_lag_seconds',
    stem: 'rollup.fold_lag',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Age of the oldest telemetry event that is in no bucket yet: how old the charts are.',
    labels: ['fleet'],
    stability: 'stable',
    source: 'leader',
  },
  heartbeat: {
    name: 'tidemark_heartbeat_timestamp_seconds',
    stem: 'heartbeat.timestamp',
    kind: 'gauge',
    unit: 'seconds',
    help: 'Unix time of the last turn of the ticker of this process; 0 before the first.',
    labels: [],
    stability: 'stable',
    source: 'process',
  },
} as const satisfies Record<string, MetricDefinition>

/** Names that the design promises for what is not built yet: each moves up with the thing that it tells of. */
export const METRICS_TO_COME: Readonly<Record<string, string>> = {
  tidemark_breaker_override: 'breakers that a person forces open or shut (`scope`, `kind`)',
  tidemark_alerts_firing: 'alerts and incidents (`severity`)',
}
