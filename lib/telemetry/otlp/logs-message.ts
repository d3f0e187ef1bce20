import { ANY_VALUE, KEY_VALUE, RESOURCE } from './common-messages.ts'
import type { ProtobufMessage } from './protobuf.ts'

/** What is read of opentelemetry/proto/collector/logs/v1/logs_service.proto and what it is made of (OTLP 1). */
const LOG_RECORD: ProtobufMessage = {
  fields: {
    1: { name: 'timeUnixNano', type: 'fixed64' },
    2: { name: 'severityNumber', type: 'enum' },
    3: { name: 'severityText', type: 'text' },
    5: { name: 'body', type: ANY_VALUE },
    6: { name: 'attributes', type: KEY_VALUE, repeated: true },
    9: { name: 'traceId', type: 'hex' },
    10: { name: 'spanId', type: 'hex' },
    11: { name: 'observedTimeUnixNano', type: 'fixed64' },
    12: { name: 'eventName', type: 'text' },
  },
}
const SCOPE_LOGS: ProtobufMessage = {
  fields: { 2: { name: 'logRecords', type: LOG_RECORD, repeated: true } },
}
const RESOURCE_LOGS: ProtobufMessage = {
  fields: {
    1: { name: 'resource', type: RESOURCE },
    2: { name: 'scopeLogs', type: SCOPE_LOGS, repeated: true },
  },
}
export const LOGS_MESSAGE: ProtobufMessage = {
  fields: { 1: { name: 'resourceLogs', type: RESOURCE_LOGS, repeated: true } },
}
