import type { JsonObject } from '#lib/kernel/json.ts'
import { sharedText } from '#lib/kernel/shared-text.ts'
import { storableText } from './storable-text.ts'
import { jsonText } from './values.ts'

/**
 * Array parameters for `unnest`, in PostgreSQL's binary form: reading arrays of text is most of what a set-based
 * statement costs, on both sides. A parameter's type must be the one named here, written out as `$n::uuid[]`.
 */
const OID = { bool: 16, bigint: 20, int: 23, text: 25, json: 114, float8: 701, uuid: 2950 } as const
const HEADER_BYTES = 20
const LENGTH_BYTES = 4

/** `uuid[]` */
export const uuids = (values: readonly (string | null)[]): Buffer => fixed(OID.uuid, 16, values, writeUuid)

/** `bigint[]`; the numbers are safe integers. */
export const bigints = (values: readonly (number | null)[]): Buffer =>
  fixed(OID.bigint, 8, values, (buffer, value, at) => {
    buffer.writeInt32BE(Math.floor(value / 2 ** 32), at)
    buffer.writeUInt32BE(value >>> 0, at + 4)
  })

/** `int[]` */
export const ints = (values: readonly (number | null)[]): Buffer =>
  fixed(OID.int, 4, values, (buffer, value, at) => buffer.writeInt32BE(value, at))

/** `float8[]` */
export const floats = (values: readonly (number | null)[]): Buffer =>
  fixed(OID.float8, 8, values, (buffer, value, at) => buffer.writeDoubleBE(value, at))

/** `boolean[]` */
export const booleans = (values: readonly boolean[]): Buffer =>
  fixed(OID.bool, 1, values, (buffer, value, at) => buffer.writeUInt8(value ? 1 : 0, at))

/** `text[]` of whatever a device sent, made storable. */
export function texts(values: readonly (string | null)[]): Buffer {
  // Most columns of text name the same few things again and again.
  let [last, stored] = ['', '']
  const storable = values.map((value) => {
    if (value === null) return null
    if (value !== last) [last, stored] = [value, storableText(value)]
    return stored
  })
  return variable(OID.text, storable)
}

/** `text[]` of texts that we made, storable as they are. */
export const plainTexts = (values: readonly (string | Uint8Array | null)[]): Buffer =>
  variable(OID.text, values)

/** `text[]` of JSON; null is SQL's NULL. */
export const jsonsAsText = (values: readonly unknown[]): Buffer => plainTexts(values.map(jsonText))

/** `json[]`; null is SQL's NULL, since JSON's null is never a document. */
export const jsons = (values: readonly unknown[]): Buffer => variable(OID.json, values.map(jsonText))

/** `json[]` of texts that are JSON already. */
export const jsonTexts = (values: readonly (string | null)[]): Buffer => variable(OID.json, values)

/** `json[]` of documents that stand in several columns: of each the text is made once. */
export const documents = (values: readonly (JsonObject | null)[]): Buffer =>
  jsonTexts(values.map(documentText))

/** `text[]` of the same. */
export const documentsAsText = (values: readonly (JsonObject | null)[]): Buffer =>
  plainTexts(values.map(documentText))

const documentText = (document: JsonObject | null): string | null => document && sharedText(document)

function fixed<T>(
  oid: number,
  bytes: number,
  values: readonly (T | null)[],
  write: (buffer: Buffer, value: T, at: number) => void,
): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + values.length * (LENGTH_BYTES + bytes))
  let at = writeHeader(buffer, oid, values.length)
  for (const value of values) {
    at = writeLength(buffer, value === null ? NULL : bytes, at)
    if (value === null) continue
    write(buffer, value, at)
    at += bytes
  }
  return buffer.subarray(0, at)
}

/** Each value is written once, into room for the longest that it can be: to measure it before takes as long again. */
function variable(oid: number, values: readonly (string | Uint8Array | null)[]): Buffer {
  let room = HEADER_BYTES
  for (const value of values) room += LENGTH_BYTES + (value === null ? 0 : bytesMax(value))
  const buffer = Buffer.allocUnsafe(room)
  let at = writeHeader(buffer, oid, values.length)
  for (const value of values) {
    const start = at + LENGTH_BYTES
    const end = value === null ? start : writeValue(buffer, value, start)
    writeLength(buffer, value === null ? NULL : end - start, at)
    at = end
  }
  return buffer.subarray(0, at)
}

/** Of UTF-8 for one unit of UTF-16. */
const UNIT_BYTES_MAX = 3
/** Of a longer one the room that it won't need is more than what measuring it costs. */
const UNMEASURED_UNITS_MAX = 2_000

function bytesMax(value: string | Uint8Array): number {
  if (typeof value !== 'string') return value.length
  return value.length <= UNMEASURED_UNITS_MAX ? value.length * UNIT_BYTES_MAX : Buffer.byteLength(value)
}

/** A name or a version is written here: for so few bytes the call to the platform takes longer. */
const SHORT_UNITS_MAX = 24

/** @returns where it ends */
function writeValue(buffer: Buffer, value: string | Uint8Array, start: number): number {
  if (typeof value !== 'string') {
    buffer.set(value, start)
    return start + value.length
  }
  if (value.length > SHORT_UNITS_MAX) return start + buffer.write(value, start)
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i)
    if (unit > ASCII_MAX) return start + buffer.write(value, start)
    buffer[start + i] = unit
  }
  return start + value.length
}

const ASCII_MAX = 0x7f

/** Stands for a NULL where an element has its length. */
const NULL = -1

/** As `writeInt32BE`, of which the checks take most of its time. */
function writeLength(buffer: Buffer, length: number, at: number): number {
  buffer[at] = length >>> 24
  buffer[at + 1] = length >>> 16
  buffer[at + 2] = length >>> 8
  buffer[at + 3] = length
  return at + LENGTH_BYTES
}

/** One dimension from index 1, nulls allowed; an array without elements has no dimension. */
function writeHeader(buffer: Buffer, oid: number, length: number): number {
  buffer.writeInt32BE(length === 0 ? 0 : 1, 0)
  buffer.writeInt32BE(1, 4)
  buffer.writeInt32BE(oid, 8)
  if (length === 0) return 12
  buffer.writeInt32BE(length, 12)
  return buffer.writeInt32BE(1, 16)
}

/** Where the pairs of digits of a UUID begin. */
const PAIRS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const

function writeUuid(buffer: Buffer, uuid: string, start: number): void {
  let at = start
  for (const pair of PAIRS)
    buffer[at++] = (digit(uuid.charCodeAt(pair)) << 4) | digit(uuid.charCodeAt(pair + 1))
}

/** Of a lower-case hexadecimal digit. */
const digit = (code: number): number => (code < 0x3a ? code - 0x30 : code - 0x57)
