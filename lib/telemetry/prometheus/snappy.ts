import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'

/**
 * Unpacks a block of Snappy's raw format, as remote write sends it. Its first bytes say how long it is unpacked, so that
 * one of more than `max` bytes is refused before anything is held, and none grows past what it says.
 */
export function unpackSnappy(bytes: Uint8Array, max: number): Result<Uint8Array, string> {
  const header = lengthOf(bytes)
  if (header === null) return err('it says no length')
  const { length, start } = header
  if (length > max) return err(`it unpacks to more than ${max} bytes`)
  const out = new Uint8Array(length)
  let [at, made] = [start, 0]
  while (at < bytes.length) {
    const part = partAt(bytes, at)
    if (part === null) return err(`cut short at byte ${at}`)
    if (made + part.length > length) return err('it is longer than it says')
    if (part.kind === 'literal') out.set(bytes.subarray(part.from, part.from + part.length), made)
    else {
      if (part.back === 0 || part.back > made) return err(`a copy at byte ${at} begins before the block`)
      // A copy may run into what it writes itself.
      for (let i = 0; i < part.length; i++) out[made + i] = out[made + i - part.back] as number
    }
    made += part.length
    at = part.end
  }
  return made === length ? ok(out) : err('it is shorter than it says')
}

const LENGTH_BYTES_MAX = 5

function lengthOf(bytes: Uint8Array): { readonly length: number; readonly start: number } | null {
  let length = 0
  for (let i = 0; i < LENGTH_BYTES_MAX; i++) {
    const byte = bytes[i]
    if (byte === undefined) return null
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { length, start: i + 1 }
  }
  return null
}

type Part =
  | { readonly kind: 'literal'; readonly from: number; readonly length: number; readonly end: number }
  | { readonly kind: 'copy'; readonly back: number; readonly length: number; readonly end: number }

/** Lengths of literals up to this stand in the tag; above it says in how many bytes they follow. */
const LITERAL_IN_TAG = 60

/** Null where the bytes end in the middle of a part. */
function partAt(bytes: Uint8Array, at: number): Part | null {
  const tag = bytes[at] as number
  const kind = tag & 3
  if (kind === 0) {
    const told = tag >> 2
    const extra = told < LITERAL_IN_TAG ? 0 : told - LITERAL_IN_TAG + 1
    const more = numberAt(bytes, at + 1, extra)
    if (more === null) return null
    const length = (extra === 0 ? told : more) + 1
    const from = at + 1 + extra
    return from + length > bytes.length ? null : { kind: 'literal', from, length, end: from + length }
  }
  const extra = kind === 3 ? 4 : kind
  const more = numberAt(bytes, at + 1, extra)
  if (more === null) return null
  return kind === 1
    ? { kind: 'copy', back: ((tag >> 5) << 8) + more, length: ((tag >> 2) & 7) + 4, end: at + 2 }
    : { kind: 'copy', back: more, length: (tag >> 2) + 1, end: at + 1 + extra }
}

/** Of so many bytes, the lowest first. */
function numberAt(bytes: Uint8Array, at: number, count: number): number | null {
  if (at + count > bytes.length) return null
  let number = 0
  for (let i = 0; i < count; i++) number += (bytes[at + i] as number) * 2 ** (8 * i)
  return number
}
