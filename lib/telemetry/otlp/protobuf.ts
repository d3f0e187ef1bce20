import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'

type NumberType = 'bool' | 'enum' | 'int64' | 'sint32' | 'fixed64' | 'sfixed64' | 'double'

/** One field of a message: what it is called in JSON, and what stands in it. */
export interface ProtobufField {
  readonly name: string
  readonly type: 'text' | 'hex' | NumberType | ProtobufMessage
  /** Numbers come packed or one by one. */
  readonly repeated?: boolean
}
/** The fields of a message that are read, by number. Others are skipped, as protobuf wants it. */
export interface ProtobufMessage {
  readonly fields: Readonly<Record<number, ProtobufField>>
}

/** Messages within one body: each costs far more memory than its two bytes. */
export const PROTOBUF_MESSAGES_MAX = 200_000
/** Numbers in lists within one body, for the same reason. */
export const PROTOBUF_NUMBERS_MAX = 500_000
const VARINT_BYTES_MAX = 10
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a protobuf body into the object that OTLP's JSON has for it: 64-bit numbers as texts, ids in hex (decision 0047).
 * An error says what is wrong with the bytes.
 */
export function readProtobuf(bytes: Uint8Array, message: ProtobufMessage): Result<object, string> {
  try {
    return ok(new Reader(bytes).message(0, bytes.length, message))
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return err(error.message)
    throw error
  }
}

const hexOf = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')

const FIXED: readonly NumberType[] = ['fixed64', 'sfixed64', 'double']
const wireOf = (type: NumberType): 0 | 1 => (FIXED.includes(type) ? 1 : 0)

const isNumber = (field: ProtobufField | undefined): field is ProtobufField & { readonly type: NumberType } =>
  typeof field?.type === 'string' && field.type !== 'text' && field.type !== 'hex'

function varintValue(type: NumberType, value: bigint): unknown {
  if (type === 'bool') return value !== 0n
  if (type === 'enum') return Number(BigInt.asIntN(32, value))
  if (type === 'sint32') return Number(BigInt.asIntN(32, (value >> 1n) ^ -(value & 1n)))
  return String(BigInt.asIntN(64, value))
}

class Reader {
  private readonly bytes: Uint8Array
  private readonly view: DataView
  private at = 0
  private messages = 0
  private numbers = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  message(from: number, to: number, { fields }: ProtobufMessage): Record<string, unknown> {
    if (++this.messages > PROTOBUF_MESSAGES_MAX)
      throw new RangeError(`more than ${PROTOBUF_MESSAGES_MAX} messages in one body`)
    const read: Record<string, unknown> = {}
    this.at = from
    while (this.at < to) {
      const tag = Number(this.varint(to))
      const field = fields[Math.floor(tag / 8)]
      const value = this.value(tag & 7, field, to)
      if (field === undefined || value === undefined) continue
      if (!field.repeated) read[field.name] = value
      else {
        const list = (read[field.name] ??= []) as unknown[]
        if (Array.isArray(value)) for (const one of value) list.push(one)
        else list.push(isNumber(field) ? this.counted(value) : value)
      }
    }
    return read
  }

  /** Undefined for a field that is not read, or comes in another wire type than its own. */
  private value(wire: number, field: ProtobufField | undefined, to: number): unknown {
    if (wire === 0) {
      const value = this.varint(to)
      return isNumber(field) && wireOf(field.type) === 0 ? varintValue(field.type, value) : undefined
    }
    if (wire === 1) {
      const at = this.skip(8, to)
      return isNumber(field) && wireOf(field.type) === 1 ? this.fixed(field.type, at) : undefined
    }
    if (wire === 5) return void this.skip(4, to)
    if (wire !== 2) throw new RangeError(`wire type ${wire} at byte ${this.at}`)
    const length = Number(this.varint(to))
    const at = this.skip(length, to)
    const part = this.bytes.subarray(at, at + length)
    if (field?.type === 'text') return utf8.decode(part)
    if (field?.type === 'hex') return hexOf(part)
    if (isNumber(field)) return field.repeated ? this.packed(field.type, at, at + length) : undefined
    if (typeof field?.type !== 'object') return undefined
    const inner = this.message(at, at + length, field.type)
    this.at = at + length
    return inner
  }

  private packed(type: NumberType, from: number, to: number): unknown[] {
    const values: unknown[] = []
    this.at = from
    while (this.at < to) {
      const value =
        wireOf(type) === 0 ? varintValue(type, this.varint(to)) : this.fixed(type, this.skip(8, to))
      values.push(this.counted(value))
    }
    return values
  }

  private counted(value: unknown): unknown {
    if (++this.numbers > PROTOBUF_NUMBERS_MAX)
      throw new RangeError(`more than ${PROTOBUF_NUMBERS_MAX} numbers in one body`)
    return value
  }

  private fixed(type: NumberType, at: number): unknown {
    if (type === 'double') return this.view.getFloat64(at, true)
    return String(type === 'sfixed64' ? this.view.getBigInt64(at, true) : this.view.getBigUint64(at, true))
  }

  /** Where the next `length` bytes begin; they are past now. */
  private skip(length: number, to: number): number {
    const { at } = this
    if (!Number.isSafeInteger(length) || at + length > to) throw new RangeError(`cut short at byte ${at}`)
    this.at = at + length
    return at
  }

  private varint(to: number): bigint {
    let value = 0n
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.bytes[this.skip(1, to)] as number
      value |= BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new RangeError(`a number of more than ${VARINT_BYTES_MAX} bytes at byte ${this.at}`)
  }
}
