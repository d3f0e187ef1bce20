import type { ProtobufMessage } from './protobuf.ts'
import { KEY_VALUE, RESOURCE, SCOPE } from './common-messages.ts'

/** What is read of opentelemetry/proto/collector/metrics/v1/metrics_service.proto and what it is made of (OTLP 1). */
const TIMES = {
  2: { name: 'startTimeUnixNano', type: 'fixed64' },
  3: { name: 'timeUnixNano', type: 'fixed64' },
} as const
const NUMBER_POINT: ProtobufMessage = {
  fields: {
    ...TIMES,
    4: { name: 'asDouble', type: 'double' },
    6: { name: 'asInt', type: 'sfixed64' },
    7: { name: 'attributes', type: KEY_VALUE, repeated: true },
    8: { name: 'flags', type: 'int64' },
  },
}
const HISTOGRAM_POINT: ProtobufMessage = {
  fields: {
    ...TIMES,
    4: { name: 'count', type: 'fixed64' },
    6: { name: 'bucketCounts', type: 'fixed64', repeated: true },
    7: { name: 'explicitBounds', type: 'double', repeated: true },
    9: { name: 'attributes', type: KEY_VALUE, repeated: true },
    10: { name: 'flags', type: 'int64' },
  },
}
const BUCKETS: ProtobufMessage = {
  fields: {
    1: { name: 'offset', type: 'sint32' },
    2: { name: 'bucketCounts', type: 'int64', repeated: true },
  },
}
const EXPONENTIAL_POINT: ProtobufMessage = {
  fields: {
    ...TIMES,
    1: { name: 'attributes', type: KEY_VALUE, repeated: true },
    6: { name: 'scale', type: 'sint32' },
    7: { name: 'zeroCount', type: 'fixed64' },
    8: { name: 'positive', type: BUCKETS },
    9: { name: 'negative', type: BUCKETS },
    10: { name: 'flags', type: 'int64' },
  },
}
const pointsOf = (point: ProtobufMessage): ProtobufMessage => ({
  fields: {
    1: { name: 'dataPoints', type: point, repeated: true },
    2: { name: 'aggregationTemporality', type: 'enum' },
    3: { name: 'isMonotonic', type: 'bool' },
  },
})
/** Of a summary its points are counted: it can't be read. */
const ANY_POINT: ProtobufMessage = { fields: {} }
const METRIC: ProtobufMessage = {
  fields: {
    1: { name: 'name', type: 'text' },
    3: { name: 'unit', type: 'text' },
    5: { name: 'gauge', type: pointsOf(NUMBER_POINT) },
    7: { name: 'sum', type: pointsOf(NUMBER_POINT) },
    9: { name: 'histogram', type: pointsOf(HISTOGRAM_POINT) },
    10: { name: 'exponentialHistogram', type: pointsOf(EXPONENTIAL_POINT) },
    11: { name: 'summary', type: pointsOf(ANY_POINT) },
  },
}
const SCOPE_METRICS: ProtobufMessage = {
  fields: { 1: { name: 'scope', type: SCOPE }, 2: { name: 'metrics', type: METRIC, repeated: true } },
}
const RESOURCE_METRICS: ProtobufMessage = {
  fields: {
    1: { name: 'resource', type: RESOURCE },
    2: { name: 'scopeMetrics', type: SCOPE_METRICS, repeated: true },
  },
}
export const METRICS_MESSAGE: ProtobufMessage = {
  fields: { 1: { name: 'resourceMetrics', type: RESOURCE_METRICS, repeated: true } },
}
