/**
 * Passwords of 15 characters and more that guessers try first, in lower case. The first part is what has that length in
 * the 49,233 of @zxcvbn-ts/language-common 4.1.3 (MIT, © zxcvbn-ts; from leaks); shorter ones are refused by length.
 */
const COMMON = new Set(
  `mailcreated5240 polniypizdec0211 123456789987654321 1qaz2wsx3edc4rfv momsanaladventure hd764nw5d7e1vb1 qazwsxedcrfvtgb
  23176djivanfros 123456789qwerty 12345678900987654321 qwerty123456789 polniypizdec110211 12345678987654321
  q1w2e3r4t5y6u7i8 zqjphsyf6ctifgu lhbjkjubz2957704 1qazxsw23edcvfr4 nemvxyheqdd5oqxyxyzi passwordpassword
  1234qwerasdfzxcv 1234567890987654321 1234567890qwerty q1w2e3r4t5y6u7i8o9p0 passwordstandard bpgjldsgjldthnf
  1234567887654321 zxcvbnm123456789 122333444455555 111222333444555 qwertyuiop12345 1qa2ws3ed4rf5tg nick1234-rem936
  qwertasdfgzxcvb aksjdlasdakj89879 lytdybrbdfvgbhf passwordassword 420842084208555 polniypizdec1102 ne_e_pod_chehyl
  hd764nw5d7e1vbv bhrh0h2oof6xbqjeh
  1q2w3e4r5t6y7u8i 1q2w3e4r5t6y7u8i9o0p mypasswordispassword correcthorsebatterystaple tidemarktidemark`
    .split(/\s+/)
    .concat('correct horse battery staple', 'this is my password', 'my password is password'),
)

/** Words that are padded to the length that is asked for. */
const PADDED = new Set(
  `password passw0rd passwort mypassword qwerty qwertz letmein welcome admin administrator changeme secret iloveyou
  tidemark default master login user root test temp temporary summer winter spring autumn monkey dragon football`.split(
    /\s+/,
  ),
)

/** Ways along which fingers go. */
const ROWS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'yxcvbnm',
  '!@#$%^&*()',
]
const RUN_CHARS_MIN = 3
const DISTINCT_CHARS_MIN = 5

/**
 * Whether guessers try this first: it stands in the list, is one word padded with figures, says the same again and again,
 * or goes along the keyboard. Pure.
 * @param text in lower case
 */
export function isCommon(text: string): boolean {
  if (COMMON.has(text) || PADDED.has(text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, ''))) return true
  return new Set(text).size < DISTINCT_CHARS_MIN || isRepeated(text) || isAllRuns(text)
}

/** The same unit at least twice, and nothing else; its last time may be cut off. */
function isRepeated(text: string): boolean {
  const unit = text.indexOf(text.slice(0, Math.ceil(text.length / 2)), 1)
  return unit > 0 && unit <= text.length / 2 && text.slice(unit) === text.slice(0, -unit)
}

/** Of pieces that each go along a row, forwards or backwards, or stay on one key. */
function isAllRuns(text: string): boolean {
  let at = 0
  while (at < text.length) {
    const length = runLength(text, at)
    if (length < RUN_CHARS_MIN) return false
    at += length
  }
  return true
}

function runLength(text: string, from: number): number {
  let longest = 1
  for (const row of [
    ...ROWS,
    ...ROWS.map((keys) => Array.from(keys).toReversed().join('')),
    text.charAt(from).repeat(text.length),
  ]) {
    let length = RUN_CHARS_MIN - 1
    while (from + length < text.length && row.includes(text.slice(from, from + length + 1))) length += 1
    if (length >= RUN_CHARS_MIN) longest = Math.max(longest, length)
  }
  return longest
}
