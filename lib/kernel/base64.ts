const ALPHABET = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const PADDING = 0x3d
/** By character code; what is no digit has bits above the six. */
const DIGITS = new Uint8Array(256).fill(0xff)
for (const [digit, code] of ALPHABET.entries()) DIGITS[code] = digit
const NO_DIGIT = 0xc0

/** RFC 4648 base64 with padding. Written out: the state of a long text is hundreds of kilobytes, and each push makes it. */
export function encodeBase64(bytes: Uint8Array): string {
  const whole = bytes.length - (bytes.length % 3)
  const text = new Uint8Array(4 * Math.ceil(bytes.length / 3)).fill(PADDING, (whole / 3) * 4)
  let to = 0
  for (let at = 0; at < whole; at += 3) {
    const three = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    text[to] = ALPHABET[three >> 18] as number
    text[to + 1] = ALPHABET[(three >> 12) & 63] as number
    text[to + 2] = ALPHABET[(three >> 6) & 63] as number
    text[to + 3] = ALPHABET[three & 63] as number
    to += 4
  }
  if (whole < bytes.length) {
    const rest = ((bytes[whole] as number) << 8) | (bytes[whole + 1] ?? 0)
    text[to] = ALPHABET[rest >> 10] as number
    text[to + 1] = ALPHABET[(rest >> 4) & 63] as number
    if (whole + 1 < bytes.length) text[to + 2] = ALPHABET[(rest << 2) & 63] as number
  }
  return new TextDecoder().decode(text)
}

/** The bytes of a text in base64, or null when it is none. Padding may be left out. */
export function decodeBase64(text: string): Uint8Array | null {
  let end = text.length
  if (end % 4 === 0 && text.charCodeAt(end - 1) === PADDING)
    end -= text.charCodeAt(end - 2) === PADDING ? 2 : 1
  if (end % 4 === 1) return null
  const codes = new Uint8Array(end)
  // A character of more than one byte is no digit, nor would it fit.
  if (new TextEncoder().encodeInto(text, codes).read !== end) return null
  const bytes = new Uint8Array(Math.floor((end * 3) / 4))
  const whole = end - (end % 4)
  let wrong = 0
  let to = 0
  for (let at = 0; at < whole; at += 4) {
    const a = DIGITS[codes[at] as number] as number
    const b = DIGITS[codes[at + 1] as number] as number
    const c = DIGITS[codes[at + 2] as number] as number
    const d = DIGITS[codes[at + 3] as number] as number
    wrong |= a | b | c | d
    bytes[to] = (a << 2) | (b >> 4)
    bytes[to + 1] = (b << 4) | (c >> 2)
    bytes[to + 2] = (c << 6) | d
    to += 3
  }
  if (whole < end) {
    const a = DIGITS[codes[whole] as number] as number
    const b = DIGITS[codes[whole + 1] as number] as number
    const c = whole + 2 < end ? (DIGITS[codes[whole + 2] as number] as number) : 0
    wrong |= a | b | c
    bytes[to] = (a << 2) | (b >> 4)
    if (whole + 2 < end) bytes[to + 1] = (b << 4) | (c >> 2)
  }
  return (wrong & NO_DIGIT) === 0 ? bytes : null
}
