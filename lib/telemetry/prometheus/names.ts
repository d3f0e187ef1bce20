import type { Meaning } from '../told/meanings.ts'

/** What a metric of Prometheus' tells, and by what its values are multiplied: times come to milliseconds. */
export interface Sampled {
  readonly meaning: Meaning
  readonly scale?: number
}

const SECONDS = 1_000
const NANOSECONDS = 1e-6

/**
 * Every name that is read from Prometheus' formats, by engine (docs/telemetry-in.md). Those of others are as their
 * documentation has them; what an engine doesn't tell is not in it, and stays unknown.
 */
export const PROMETHEUS_METRICS: Readonly<Record<string, Sampled>> = {
  // Ours, as OpenTelemetry's dotted names are written there.
  sync_lag_seconds: { meaning: { kind: 'lag' }, scale: SECONDS },
  sync_attempts_total: { meaning: { kind: 'attempts' } },
  sync_pushed_total: { meaning: { kind: 'count', counters: ['pushed'] } },
  sync_conflicts_total: { meaning: { kind: 'count', counters: ['conflicts'] } },
  sync_queue_depth: { meaning: { kind: 'gauge', gauge: 'queueDepth' } },
  sync_queue_oldest_age_seconds: { meaning: { kind: 'gauge', gauge: 'oldestAgeMs' }, scale: SECONDS },
  sync_dlq_depth: { meaning: { kind: 'gauge', gauge: 'deadLetters' } },
  sync_circuit_breaker_state: { meaning: { kind: 'breaker' } },

  // PowerSync Service: how far its replication is behind the source database.
  powersync_replication_lag_seconds: { meaning: { kind: 'lag' }, scale: SECONDS },

  // Couchbase Sync Gateway. A document that is pushed stands for a request; those that failed are counted beside them.
  sgw_replication_push_doc_push_count: { meaning: { kind: 'count', counters: ['pushed', 'requests'] } },
  sgw_replication_push_doc_push_error_count: {
    meaning: { kind: 'count', counters: ['requests', 'failures'] },
  },
  sgw_database_conflict_write_count: { meaning: { kind: 'count', counters: ['conflicts'] } },
  sgw_replication_pull_rev_send_latency: {
    meaning: { kind: 'count', counters: ['deliveryMs'] },
    scale: NANOSECONDS,
  },
  sgw_replication_pull_rev_send_count: { meaning: { kind: 'count', counters: ['deliveries'] } },
  sgw_cache_pending_seq_len: { meaning: { kind: 'gauge', gauge: 'queueDepth' } },
}
