import type { ProtobufMessage } from '../otlp/protobuf.ts'
import { listOf, memberOf } from '../otlp/attributes.ts'
import type { Sample } from './points-of-samples.ts'

/** What is read of prometheus.WriteRequest (remote write 1.0); exemplars, histograms and metadata are not. */
const LABEL: ProtobufMessage = {
  fields: { 1: { name: 'name', type: 'text' }, 2: { name: 'value', type: 'text' } },
}
const SAMPLE: ProtobufMessage = {
  fields: { 1: { name: 'value', type: 'double' }, 2: { name: 'timestamp', type: 'int64' } },
}
const TIME_SERIES: ProtobufMessage = {
  fields: {
    1: { name: 'labels', type: LABEL, repeated: true },
    2: { name: 'samples', type: SAMPLE, repeated: true },
  },
}
export const WRITE_REQUEST: ProtobufMessage = {
  fields: { 1: { name: 'timeseries', type: TIME_SERIES, repeated: true } },
}

const NAME = '__name__'

/** The samples of a request as it was read from protobuf, where a zero is left out. */
export function* samplesOfWrite(request: unknown): Generator<Sample> {
  for (const series of listOf(request, 'timeseries')) {
    const labels = new Map(
      listOf(series, 'labels').map((label) => [
        String(memberOf(label, 'name') ?? ''),
        String(memberOf(label, 'value') ?? ''),
      ]),
    )
    const name = labels.get(NAME) ?? ''
    labels.delete(NAME)
    for (const sample of listOf(series, 'samples')) {
      const value = Number(memberOf(sample, 'value') ?? 0)
      yield { name, labels, value, atMs: Number(memberOf(sample, 'timestamp') ?? 0) }
    }
  }
}
