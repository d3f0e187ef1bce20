import { assert } from '#lib/kernel/result.ts'

/**
 * Whole numbers as bits, exponential Golomb codes of order k: small numbers are short, any number up to 2^50 has a
 * code, and each code has a bit that is set, so that the zeros which fill the last byte are none.
 */
export class BitWriter {
  private readonly bytes: number[] = []
  private byte = 0
  private count = 0

  /** `width` bits of a number, highest first. */
  bits(value: number, width: number): void {
    if (width > 31) {
      this.bits(Math.floor(value / 2 ** 31), width - 31)
      this.bits(value % 2 ** 31, 31)
      return
    }
    for (let left = width; left > 0;) {
      const free = 8 - (this.count & 7)
      const taken = Math.min(free, left)
      left -= taken
      this.byte = (this.byte << taken) | ((value >>> left) & ((1 << taken) - 1))
      this.count += taken
      if (taken === free) this.endByte()
    }
  }

  golomb(value: number, order: number): void {
    const shifted = value + 2 ** order
    const width = bitLength(shifted)
    if (2 * width - 1 - order <= 31) return this.bits(shifted, 2 * width - 1 - order)
    this.bits(0, width - 1 - order)
    this.bits(shifted, width)
  }

  /** Ends the last byte with zeros. */
  toBytes(): Uint8Array {
    if (this.count % 8 !== 0) this.bits(0, 8 - (this.count % 8))
    return Uint8Array.from(this.bytes)
  }

  private endByte(): void {
    this.bytes.push(this.byte)
    this.byte = 0
  }
}

/** Bits that `BitWriter.golomb` writes for a number. */
export const golombLength = (value: number, order: number): number =>
  2 * bitLength(value + 2 ** order) - 1 - order

const WORD = 2 ** 32
const bitLength = (value: number): number =>
  value < WORD ? 32 - Math.clz32(value) : 32 + bitLength(Math.floor(value / WORD))

/** Reads what a BitWriter wrote. The bytes are our own, so damaged ones are an impossible state. */
export class BitReader {
  private readonly bytes: Uint8Array
  private at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  bits(width: number): number {
    let value = 0
    for (let place = 0; place < width; place++) value = value * 2 + this.bit()
    return value
  }

  golomb(order: number): number {
    // Most codes are short: one look at the next 32 bits has them whole.
    const next = this.peek()
    const zeros = Math.clz32(next)
    const length = 2 * zeros + order + 1
    if (length <= 32) {
      this.at += length
      assert(this.at <= this.bytes.length * 8, 'an encoded sketch ends after a whole number')
      return ((next << zeros) >>> (31 - zeros - order)) - 2 ** order
    }
    let width = order + 1
    while (this.bit() === 0) width += 1
    return 2 ** (width - 1) + this.bits(width - 1) - 2 ** order
  }

  /** False when only the zeros that fill the last byte are left. */
  hasMore(): boolean {
    const last = this.bytes.length - 1
    const index = Math.floor(this.at / 8)
    if (index < last) return true
    return index === last && ((this.bytes[last] ?? 0) & (255 >> (this.at % 8))) !== 0
  }

  /** The next 32 bits, zeros behind the end. */
  private peek(): number {
    const { bytes } = this
    const index = this.at >>> 3
    const shift = this.at & 7
    const four =
      ((bytes[index] ?? 0) << 24) |
      ((bytes[index + 1] ?? 0) << 16) |
      ((bytes[index + 2] ?? 0) << 8) |
      (bytes[index + 3] ?? 0)
    return shift === 0 ? four : (four << shift) | ((bytes[index + 4] ?? 0) >> (8 - shift))
  }

  private bit(): number {
    const byte = this.bytes[Math.floor(this.at / 8)]
    assert(byte !== undefined, 'an encoded sketch ends after a whole number')
    const bit = (byte >> (7 - (this.at % 8))) & 1
    this.at += 1
    return bit
  }
}
