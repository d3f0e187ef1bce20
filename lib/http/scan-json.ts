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
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
/** As many digits in a row with an exponent of two more stay below 1.8e308; an exponent of three is told by itself. */
const DIGITS_MAX = 209

/** What the bytes of JSON text tell before it is parsed. */
export interface JsonScan {
  /** It stays within 32 levels and 1,000 keys an object (security check 28). */
  readonly isWithinShape: boolean
  /** It may hold a number past what a double can: one with an exponent of three digits, or a very long one. */
  readonly mayOverflow: boolean
  /** Where each object and array of the list that was asked for starts and ends, in turn; null when it can't be told. */
  readonly places: readonly number[] | null
}

const BEYOND: JsonScan = { isWithinShape: false, mayOverflow: false, places: null }

/**
 * One walk over the bytes. Text that is no JSON gets an answer too; the parser then refuses it.
 * @param list a key of the outermost object, whose array's objects are to be found
 */
export function scanJson(bytes: Uint8Array, list: string): JsonScan {
  const keys = new Uint32Array(JSON_DEPTH_MAX + 1)
  const name = Buffer.from(list)
  let depth = 0
  let digits = 0
  let mayOverflow = false
  /** The text before the next colon. */
  let keyStart = 0
  let keyEnd = 0
  let isListNext = false
  let inList = false
  let places: number[] | null = []
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (byte >= DIGIT_0 && byte <= DIGIT_9) {
      digits += 1
      if (digits > DIGITS_MAX || (digits === 3 && isExponent(bytes, i - 3))) mayOverflow = true
      continue
    }
    digits = 0
    if (byte === QUOTE) {
      keyStart = i + 1
      i = keyEnd = endOfString(bytes, i)
    } else if (byte === COLON) {
      const count = (keys[depth] as number) + 1
      if (count > JSON_KEYS_MAX) return BEYOND
      keys[depth] = count
      if (depth !== 1) continue
      const key = bytes.subarray(keyStart, keyEnd)
      // An escaped key may spell the list's name in another way.
      if (key.includes(BACKSLASH)) places = null
      isListNext = name.equals(key)
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1
      if (depth > JSON_DEPTH_MAX) return BEYOND
      keys[depth] = 0
      if (depth === 2) {
        inList = isListNext && byte === OPEN_BRACKET
        // Of a key that comes twice, the last one counts.
        if (inList && places) places = []
      } else if (depth === 3 && inList) places?.push(i)
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 3 && inList) places?.push(i + 1)
      depth = Math.max(0, depth - 1)
    }
  }
  return { isWithinShape: true, mayOverflow, places }
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
