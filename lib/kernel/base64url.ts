const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const NO_DIGIT = 64
/** The value of each character below 128. */
const DIGITS = new Uint8Array(128).fill(NO_DIGIT)
for (let value = 0; value < ALPHABET.length; value++) DIGITS[ALPHABET.charCodeAt(value)] = value

/** RFC 4648 base64url without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = ''
  let i = 0
  for (; i + 2 < bytes.length; i += 3)
    text += charsOf(byteAt(bytes, i), byteAt(bytes, i + 1), byteAt(bytes, i + 2))
  const left = bytes.length - i
  // One byte is two characters, two are three; the spare bits are zeros.
  return left === 0 ? text : text + charsOf(byteAt(bytes, i), byteAt(bytes, i + 1), 0).slice(0, left + 1)
}

const byteAt = (bytes: Uint8Array, i: number): number => bytes[i] ?? 0

const charsOf = (a: number, b: number, c: number): string =>
  (ALPHABET[a >> 2] as string) +
  (ALPHABET[((a & 3) << 4) | (b >> 4)] as string) +
  (ALPHABET[((b & 15) << 2) | (c >> 6)] as string) +
  (ALPHABET[c & 63] as string)

/** The bytes of a text, or null unless it is exactly what `encodeBase64url` would write for them. */
export function decodeBase64url(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null
  const bytes = new Uint8Array((text.length * 3) >> 2)
  let bits = 0
  let count = 0
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const digit = DIGITS[text.charCodeAt(i)] ?? NO_DIGIT
    if (digit === NO_DIGIT) return null
    bits = ((bits << 6) | digit) & 0xffff
    count += 6
    if (count < 8) continue
    count -= 8
    bytes[at++] = bits >> count
  }
  // Spare bits of the last character would let two texts stand for the same bytes.
  return (bits & ((1 << count) - 1)) === 0 ? bytes : null
}
