import pg from 'pg'

/**
 * Messages of PostgreSQL's extended query protocol (its manual, "Message Formats"): for each statement Bind, of its name
 * to the unnamed portal, and Execute, then one Sync.
 */
const BIND = 0x42
const EXECUTE = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0])
const SYNC = Buffer.from([0x53, 0, 0, 0, 4])
const TEXT = 0
const BINARY = 1
const NULL = -1

/** `pg`'s own, which its types leave out. */
const { prepareValue } = (
  pg as unknown as { readonly utils: { prepareValue(value: unknown): Buffer | string | null } }
).utils

interface Bound {
  readonly name: string
  readonly values: readonly (Buffer | string | null)[]
  /** Of its Bind without the letter. */
  readonly bytes: number
}

/** The bytes of all of them. @throws where `pg` cannot make a value into a parameter */
export function encodeBatch(
  statements: readonly { readonly name: string; readonly values: readonly unknown[] }[],
): Buffer {
  const bound = statements.map(boundOf)
  const room = bound.reduce((sum, { bytes }) => sum + 1 + bytes + EXECUTE.length, SYNC.length)
  const message = Buffer.allocUnsafe(room)
  let at = 0
  for (const each of bound) {
    at = writeBind(message, each, at)
    at += EXECUTE.copy(message, at)
  }
  SYNC.copy(message, at)
  return message
}

function boundOf({ name, values }: Parameters<typeof encodeBatch>[0][number]): Bound {
  const mapped = values.map((value) => prepareValue(value))
  const ofValues = mapped.reduce<number>((sum, value) => sum + 2 + 4 + bytesOf(value), 0)
  // Length, the unnamed portal, the name, two counts, and one format for all columns.
  return { name, values: mapped, bytes: 4 + 1 + Buffer.byteLength(name) + 1 + 2 + 2 + ofValues + 4 }
}

const bytesOf = (value: Buffer | string | null): number =>
  value === null ? 0 : typeof value === 'string' ? Buffer.byteLength(value) : value.length

function writeBind(message: Buffer, { name, values, bytes }: Bound, start: number): number {
  let at = message.writeUInt8(BIND, start)
  at = message.writeInt32BE(bytes, at)
  at = message.writeUInt8(0, at)
  at += message.write(name, at)
  at = message.writeUInt8(0, at)
  at = message.writeInt16BE(values.length, at)
  for (const value of values) at = message.writeInt16BE(Buffer.isBuffer(value) ? BINARY : TEXT, at)
  at = message.writeInt16BE(values.length, at)
  for (const value of values) {
    at = message.writeInt32BE(value === null ? NULL : bytesOf(value), at)
    if (typeof value === 'string') at += message.write(value, at)
    else if (value !== null) at += value.copy(message, at)
  }
  at = message.writeInt16BE(1, at)
  return message.writeInt16BE(TEXT, at)
}
