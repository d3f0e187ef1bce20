import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'

export type SpanAttributes = Readonly<Record<string, string | number | boolean | readonly string[]>>

export interface ToldSpan {
  readonly name: string
  readonly attributes: SpanAttributes
  readonly startMs: number
  readonly endMs: number
  readonly isError?: boolean
}

/** The spans as OpenTelemetry's own SDK for JavaScript makes them, each a trace of its own. */
export function spansOf(told: readonly ToldSpan[], resource: SpanAttributes = {}): ReadableSpan[] {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(resource as Record<string, string>),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  })
  const tracer = provider.getTracer('test')
  for (const { name, attributes, startMs, endMs, isError } of told) {
    const span = tracer.startSpan(name, {
      startTime: startMs,
      attributes: attributes as Record<string, string>,
    })
    if (isError) span.setStatus({ code: 2, message: 'it broke' })
    span.end(endMs)
  }
  return exporter.getFinishedSpans()
}

/** An export as the SDK's own exporters put it on the wire. */
export const exportsOf = (
  spans: readonly ReadableSpan[],
): { readonly protobuf: Uint8Array; readonly json: Uint8Array } => ({
  protobuf: wire(ProtobufTraceSerializer.serializeRequest([...spans])),
  json: wire(JsonTraceSerializer.serializeRequest([...spans])),
})

export function wire(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) throw new Error('the SDK could not write its spans')
  return bytes
}
