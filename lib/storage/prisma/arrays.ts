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
    at = buffer.writeInt32BE(value === null ? NULL : bytes, at)
    if (value === null) continue
    write(buffer, value, at)
    at += bytes
  }
  return buffer.subarray(0, at)
}

function variable(oid: number, values: readonly (string | Uint8Array | null)[]): Buffer {
  const lengths = values.map(byteLength)
  const bytes = lengths.reduce((sum, length) => sum + LENGTH_BYTES + Math.max(0, length), HEADER_BYTES)
  const buffer = Buffer.allocUnsafe(bytes)
  let at = writeHeader(buffer, oid, values.length)
  for (const [i, value] of values.entries()) {
    at = buffer.writeInt32BE(lengths[i] as number, at)
    if (typeof value === 'string') at += buffer.write(value, at)
    else if (value !== null) {
      buffer.set(value, at)
      at += value.length
    }
  }
  return buffer.subarray(0, at)
}

function byteLength(value: string | Uint8Array | null): number {
  if (value === null) return NULL
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length
}

/** Stands for a NULL where an element has its length. */
const NULL = -1

/** One dimension from index 1, nulls allowed; an array without elements has no dimension. */
function writeHeader(buffer: Buffer, oid: number, length: number): number {
  buffer.writeInt32BE(length === 0 ? 0 : 1, 0)
  buffer.writeInt32BE(1, 4)
  buffer.writeInt32BE(oid, 8)
  if (length === 0) return 12
  buffer.writeInt32BE(length, 12)
  return buffer.writeInt32BE(1, 16)
}

const DASH = 0x2d

function writeUuid(buffer: Buffer, uuid: string, start: number): void {
  let at = start
  for (let i = 0; i < uuid.length; i += 2) {
    if (uuid.charCodeAt(i) === DASH) i += 1
    buffer[at++] = (digit(uuid.charCodeAt(i)) << 4) | digit(uuid.charCodeAt(i + 1))
  }
}

/** Of a lower-case hexadecimal digit. */
const digit = (code: number): number => (code < 0x3a ? code - 0x30 : code - 0x57)
