import { messageField, textField } from '#lib/http/ingest/write-protobuf.ts'

export type SnappyPart = { readonly bytes: Uint8Array } | { readonly back: number; readonly length: number }

/** A block of these parts, and what it is unpacked; a copy from before the block is left out. */
export function packSnappy(parts: readonly SnappyPart[]): {
  readonly packed: Uint8Array
  readonly plain: Uint8Array
} {
  const plain: number[] = []
  const body: number[] = []
  for (const part of parts) {
    if ('bytes' in part) {
      const last = part.bytes.length - 1
      body.push(...(last < 60 ? [last << 2] : [60 << 2, last]), ...part.bytes)
      plain.push(...part.bytes)
    } else if (part.back <= plain.length) {
      const { back, length } = part
      if (back < 2_048 && length >= 4 && length <= 11)
        body.push(1 | ((length - 4) << 2) | ((back >> 8) << 5), back & 0xff)
      else if (length % 2 === 0) body.push(2 | ((length - 1) << 2), back & 0xff, back >> 8)
      else body.push(3 | ((length - 1) << 2), back & 0xff, back >> 8, 0, 0)
      for (let i = 0; i < length; i++) plain.push(plain[plain.length - back] as number)
    }
  }
  return { packed: Uint8Array.from([...varint(plain.length), ...body]), plain: Uint8Array.from(plain) }
}

/** The whole as literals, as a sender that finds nothing to copy writes it. */
export function packLiterals(bytes: Uint8Array): Uint8Array {
  const parts: SnappyPart[] = []
  for (let i = 0; i < bytes.length; i += 200) parts.push({ bytes: bytes.subarray(i, i + 200) })
  return packSnappy(parts).packed
}

export interface WrittenSeries {
  readonly labels: Readonly<Record<string, string>>
  /** Value and Unix ms. */
  readonly samples: readonly (readonly [number, number])[]
}

/** A prometheus.WriteRequest as Prometheus writes it: zeros are left out. */
export const writeRequest = (series: readonly WrittenSeries[]): Uint8Array =>
  Uint8Array.from(
    series.flatMap(({ labels, samples }) =>
      messageField(1, [
        ...Object.entries(labels).flatMap(([name, value]) =>
          messageField(1, [...textField(1, name), ...textField(2, value)]),
        ),
        ...samples.flatMap(([value, atMs]) =>
          messageField(2, [...(value === 0 ? [] : [0x09, ...double(value)]), 0x10, ...varint(atMs)]),
        ),
      ]),
    ),
  )

function double(value: number): readonly number[] {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return [...bytes]
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  return [...bytes, rest]
}
