import type { ProtobufMessage } from './protobuf.ts'

/** What is read of opentelemetry/proto/common/v1/common.proto and resource.proto (OTLP 1), for all signals. */
export const ANY_VALUE: ProtobufMessage = {
  fields: {
    1: { name: 'stringValue', type: 'text' },
    2: { name: 'boolValue', type: 'bool' },
    3: { name: 'intValue', type: 'int64' },
    4: { name: 'doubleValue', type: 'double' },
  },
}
export const KEY_VALUE: ProtobufMessage = {
  fields: { 1: { name: 'key', type: 'text' }, 2: { name: 'value', type: ANY_VALUE } },
}
export const RESOURCE: ProtobufMessage = {
  fields: { 1: { name: 'attributes', type: KEY_VALUE, repeated: true } },
}
export const SCOPE: ProtobufMessage = { fields: { 1: { name: 'name', type: 'text' } } }
