/** The few protobuf fields that OTLP's answers have, as bytes. Numbers are whole and not negative. */
export function int64Field(field: number, value: number): number[] {
  return value === 0 ? [] : [field * 8, ...varint(value)]
}

export function textField(field: number, text: string): number[] {
  return text === '' ? [] : lengthDelimited(field, [...new TextEncoder().encode(text)])
}

export const messageField = (field: number, bytes: readonly number[]): number[] =>
  lengthDelimited(field, bytes)

const lengthDelimited = (field: number, bytes: readonly number[]): number[] => [
  field * 8 + 2,
  ...varint(bytes.length),
  ...bytes,
]

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return [...bytes, rest]
}
