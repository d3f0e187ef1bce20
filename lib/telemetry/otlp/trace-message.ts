import { KEY_VALUE, RESOURCE } from './common-messages.ts'
import type { ProtobufMessage } from './protobuf.ts'

/** What is read of opentelemetry/proto/collector/trace/v1/trace_service.proto and what it is made of (OTLP 1). */
const STATUS: ProtobufMessage = { fields: { 3: { name: 'code', type: 'enum' } } }
const SPAN: ProtobufMessage = {
  fields: {
    1: { name: 'traceId', type: 'hex' },
    2: { name: 'spanId', type: 'hex' },
    5: { name: 'name', type: 'text' },
    7: { name: 'startTimeUnixNano', type: 'fixed64' },
    8: { name: 'endTimeUnixNano', type: 'fixed64' },
    9: { name: 'attributes', type: KEY_VALUE, repeated: true },
    15: { name: 'status', type: STATUS },
  },
}
const SCOPE_SPANS: ProtobufMessage = { fields: { 2: { name: 'spans', type: SPAN, repeated: true } } }
const RESOURCE_SPANS: ProtobufMessage = {
  fields: {
    1: { name: 'resource', type: RESOURCE },
    2: { name: 'scopeSpans', type: SCOPE_SPANS, repeated: true },
  },
}
export const TRACES_MESSAGE: ProtobufMessage = {
  fields: { 1: { name: 'resourceSpans', type: RESOURCE_SPANS, repeated: true } },
}
