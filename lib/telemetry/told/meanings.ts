import { COLLECTION_NAME } from '#lib/protocol/mutation.ts'
import { PLATFORMS } from '#lib/protocol/device.ts'
import { LAG_STAGES, type LagStage } from '../lag-heat.ts'
import type { ToldCounter, ToldGauge, ToldPoint, ToldValue } from './point.ts'
import { BREAKER_STATES } from './point.ts'

/** What a metric tells: a lag, a figure that stands, attempts with or without their outcome, or a count of something. */
export type Meaning =
  | { readonly kind: 'lag'; readonly stage?: LagStage }
  | { readonly kind: 'gauge'; readonly gauge: Exclude<ToldGauge, 'lagMs' | 'breaker'> }
  | { readonly kind: 'breaker' }
  | { readonly kind: 'attempts' }
  | { readonly kind: 'count'; readonly counters: readonly ToldCounter[] }

/** Names of our own (docs/telemetry-in.md), dotted as OpenTelemetry has them. */
export const SYNC_METRICS: Readonly<Record<string, Meaning>> = {
  'sync.lag': { kind: 'lag' },
  'sync.attempts': { kind: 'attempts' },
  'sync.pushed': { kind: 'count', counters: ['pushed'] },
  'sync.conflicts': { kind: 'count', counters: ['conflicts'] },
  'sync.queue.depth': { kind: 'gauge', gauge: 'queueDepth' },
  'sync.queue.oldest_age': { kind: 'gauge', gauge: 'oldestAgeMs' },
  'sync.dlq.depth': { kind: 'gauge', gauge: 'deadLetters' },
  'sync.circuit_breaker.state': { kind: 'breaker' },
}

/** The same with those of engines of others that speak OTLP. Rocicorp Zero tells no queue and no conflict. */
export const OTLP_METRICS: Readonly<Record<string, Meaning>> = {
  ...SYNC_METRICS,
  'zero.replication.total_lag': { kind: 'lag' },
  'zero.sync.e2e_serving_lag': { kind: 'lag', stage: 'delivery' },
}

/** Attributes or labels, their dots as underscores: Prometheus knows no dots. */
export type Labels = ReadonlyMap<string, string>

export const labelName = (name: string): string => name.replaceAll('.', '_')

/** Longer texts of others name nothing that a person would read. */
const NAME_LENGTH_MAX = 40
const CODE_LENGTH_MAX = 64

/** What a point is about; a name that can be none of ours is not told. */
export function whereOf(labels: Labels): Pick<ToldPoint, 'collection' | 'platform' | 'appVersion'> {
  const collection = labels.get('sync_collection') ?? labels.get('collection') ?? ''
  const platform = labels.get('sync_client_platform')?.toLowerCase()
  const appVersion = labels.get('sync_client_version') ?? ''
  return {
    collection: COLLECTION_NAME.test(collection) ? collection : null,
    platform: platform === undefined ? null : (PLATFORMS.find((name) => name === platform) ?? 'other'),
    appVersion: appVersion === '' ? null : appVersion.slice(0, NAME_LENGTH_MAX),
  }
}

/** The stage that a lag is of: upload where nobody says; null for one that is none of ours. */
export function stageOf(labels: Labels, meant: LagStage | undefined): LagStage | null {
  const told = labels.get('sync_stage') ?? labels.get('stage') ?? meant ?? 'upload'
  return LAG_STAGES.find((stage) => stage === told) ?? null
}

/** Of attempts the outcome is what `sync.result`, the status or the kind of an error says; without them it isn't told. */
export function attemptsOf(labels: Labels): Pick<Extract<ToldValue, { kind: 'count' }>, 'counters' | 'code'> {
  const result = labels.get('sync_result') ?? labels.get('result')
  const status = Number(labels.get('http_response_status_code') ?? Number.NaN)
  const error = labels.get('error_type')
  const failed = result === 'failed' || status >= 400 || (result === undefined && error !== undefined)
  if (failed) {
    const code = error ?? (status >= 400 ? String(status) : 'not_told')
    return { counters: ['requests', 'failures'], code: code.slice(0, CODE_LENGTH_MAX) }
  }
  const known = result === 'ok' || status < 400
  return { counters: [known ? 'requests' : 'attempts'], code: null }
}

/** With a state in its labels a 1 says that the breaker is in it; without, 0 is closed and anything else is not. */
export function breakerOf(labels: Labels, value: number): number {
  const state = labels.get('state')?.toLowerCase().replaceAll(/[ -]/g, '_')
  if (value === 0) return 0
  const place = BREAKER_STATES.findIndex((name) => name === state)
  return place === -1 ? BREAKER_STATES.length - 1 : place
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1_000,
  '': 1_000,
  min: 60_000,
  h: 3_600_000,
  // As engines write them that don't write UCUM.
  millisecond: 1,
  second: 1_000,
}

/** Milliseconds of a unit of time as UCUM writes it, seconds where none is named; null for what is no time. */
export const unitMsOf = (unit: string): number | null =>
  Object.hasOwn(UNITS_MS, unit) ? (UNITS_MS[unit] ?? null) : null
