import { SeverityNumber } from '@opentelemetry/api-logs'
import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
} from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics'
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  MetricReader,
} from '@opentelemetry/sdk-metrics'
import type { SpanAttributes } from './otel-spans.ts'
import { wire } from './otel-spans.ts'

/** An export as the SDK's own exporters put it on the wire. */
export interface Wired {
  readonly protobuf: Uint8Array
  readonly json: Uint8Array
}

class HandReader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

/** A meter of OpenTelemetry's own SDK for JavaScript, read when the test says so. */
export function sdkMeter(
  temporality: 'delta' | 'cumulative',
  resource: SpanAttributes = {},
  exponential: readonly string[] = [],
) {
  const reader = new HandReader({
    aggregationTemporalitySelector: () =>
      temporality === 'delta' ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
  })
  const provider = new MeterProvider({
    readers: [reader],
    resource: resourceFromAttributes(resource as Record<string, string>),
    views: exponential.map((instrumentName) => ({
      instrumentName,
      aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 20 } },
    })),
  })
  const collect = async (): Promise<ResourceMetrics> => (await reader.collect()).resourceMetrics
  return { meter: provider.getMeter('test'), collect, wired: async () => wiredMetrics(await collect()) }
}

export const wiredMetrics = (metrics: ResourceMetrics): Wired => ({
  protobuf: wire(ProtobufMetricsSerializer.serializeRequest(metrics)),
  json: wire(JsonMetricsSerializer.serializeRequest(metrics)),
})

export interface ToldRecord {
  readonly body?: string
  readonly eventName?: string
  readonly severity?: SeverityNumber
  readonly attributes: SpanAttributes
  readonly atMs: number
}

/** Log records as the SDK makes and writes them. */
export function wiredLogs(told: readonly ToldRecord[], resource: SpanAttributes = {}): Wired {
  const exporter = new InMemoryLogRecordExporter()
  const provider = new LoggerProvider({
    resource: resourceFromAttributes(resource as Record<string, string>),
    processors: [new SimpleLogRecordProcessor(exporter)],
  })
  const logger = provider.getLogger('test')
  for (const { body, eventName, severity, attributes, atMs } of told)
    logger.emit({
      ...(body === undefined ? {} : { body }),
      ...(eventName === undefined ? {} : { eventName }),
      severityNumber: severity ?? SeverityNumber.INFO,
      attributes: attributes as Record<string, string>,
      timestamp: new Date(atMs),
    })
  const records = exporter.getFinishedLogRecords()
  return {
    protobuf: wire(ProtobufLogsSerializer.serializeRequest(records)),
    json: wire(JsonLogsSerializer.serializeRequest(records)),
  }
}
