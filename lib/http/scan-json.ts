import { JSON_DEPTH_MAX, JSON_KEYS_MAX } from '#lib/protocol/limits.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const CLOSE_BRACE = 0x7d
const CLOSE_BRACKET = 0x5d
const PLUS = 0x2b
const LETTER_E = 0x65

/**
 * Whether JSON text stays within 32 levels and 1,000 keys an object (security.md 28), told from its bytes before
 * it is parsed. Text that is no JSON gets an answer too; the parser then refuses it.
 */
export function isWithinShape(bytes: Uint8Array): boolean {
  const keys = new Uint32Array(JSON_DEPTH_MAX + 1)
  let depth = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) i = endOfString(bytes, i)
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1
      if (depth > JSON_DEPTH_MAX) return false
      keys[depth] = 0
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth = Math.max(0, depth - 1)
    else if (byte === COLON) {
      const count = (keys[depth] ?? 0) + 1
      if (count > JSON_KEYS_MAX) return false
      keys[depth] = count
    }
  }
  return true
}

const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
/** `1e308` has 309 digits when it is written out. */
const DIGITS_MAX = 308

/** Whether the bytes may hold a number past what a double can: one with an exponent of three digits, or a very long one. */
export function mayOverflow(bytes: Uint8Array): boolean {
  for (let i = 0, run = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    run = byte >= DIGIT_0 && byte <= DIGIT_9 ? run + 1 : 0
    if (run > DIGITS_MAX || (run === 3 && isExponent(bytes, i - 3))) return true
  }
  return false
}

/** `e` or `E`, with a plus or without. */
function isExponent(bytes: Uint8Array, at: number): boolean {
  const letter = (bytes[at] === PLUS ? bytes[at - 1] : bytes[at]) ?? 0
  return (letter | 0x20) === LETTER_E
}

/** Index of the closing quote of the string that opens at `start`, or the end of the text. */
function endOfString(bytes: Uint8Array, start: number): number {
  let i = start + 1
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1
  return i
}
