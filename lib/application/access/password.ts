import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'
import { ApplicationError } from '#lib/application/errors.ts'
import { isCommon } from './common-passwords.ts'
import { COST } from './password-cost.ts'

export const PASSWORD_CHARS_MIN = 15
/** Long passphrases are welcome; the bound only keeps hashing cheap. */
const PASSWORD_CHARS_MAX = 256

const KEY_BYTES = 32
const MEMORY_BYTES_MAX = 64 * 1024 * 1024
/** Hashes of this process that are under way or wait for a thread: strangers ask for them, and each takes 32 MiB. */
export const HASHES_AT_ONCE_MAX = 32
const HASHES_RETRY_MS = 2_000
let hashesAtOnce = 0

/** Of what a person is called, so short a part says nothing about a password. */
const OWN_CHARS_MIN = 4
/** What may stand around one's own name without making a password of it. */
const BESIDE_OWN_CHARS_MAX = 7

/**
 * What is wrong with a new password, in words for people; null when it will do (security check 10).
 * @param own what the person is called: e-mail, name
 */
export function passwordProblem(password: string, own: readonly string[] = []): string | null {
  const text = password.normalize('NFKC')
  // Code points, as people count them, near enough.
  const { length } = Array.from(text)
  if (length < PASSWORD_CHARS_MIN) return `must have at least ${PASSWORD_CHARS_MIN} characters`
  if (length > PASSWORD_CHARS_MAX) return `must have at most ${PASSWORD_CHARS_MAX} characters`
  if (isCommon(text.toLowerCase())) return 'is one of the passwords that guessers try first'
  if (own.some((name) => isMostly(text.toLowerCase(), name.toLowerCase())))
    return 'is mostly your own name or e-mail'
  return null
}

function isMostly(text: string, name: string): boolean {
  const parts = [name, ...name.split(/[@.\s_-]+/)].filter((part) => part.length >= OWN_CHARS_MIN)
  const rest = parts
    .toSorted((a, b) => b.length - a.length)
    .reduce((left, part) => left.replaceAll(part, ''), text)
  return rest !== text && rest.replace(/[^\p{L}\p{N}]/gu, '').length <= BESIDE_OWN_CHARS_MAX
}

/**
 * `scrypt$N$r$p$salt$key`: the parameters travel with the hash, so they can be raised later (security check 13).
 * @throws ApplicationError `shed` while as many are hashed as this process takes at a time
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, COST)
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

/** Whether a stored hash costs less than those of today. */
export function isOutdated(stored: string): boolean {
  return workOf(parseHash(stored)?.cost ?? COST) < workOf(COST)
}

const workOf = ({ N, r, p }: typeof COST): number => N * r * p

/**
 * Compares in constant time. Without a hash it does the same work and is false: an unknown user costs the same.
 * @throws ApplicationError `shed` while as many are hashed as this process takes at a time
 */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const known = parseHash(stored)
  const key = await derive(password, known?.salt ?? DECOY_SALT, known?.cost ?? COST)
  const spared = COST.p - Math.round(workOf(known?.cost ?? COST) / (COST.N * COST.r))
  // An old hash costs less: its owner would be told from nobody by the time.
  if (spared > 0) await derive(password, DECOY_SALT, { ...COST, p: spared })
  return known !== null && timingSafeEqual(key, known.key)
}

const DECOY_SALT = Buffer.alloc(16)

function parseHash(stored: string | null): { cost: typeof COST; salt: Buffer; key: Buffer } | null {
  if (stored === null) return null
  const [name, N, r, p, salt, key] = stored.split('$')
  if (name !== 'scrypt' || salt === undefined || key === undefined)
    throw new Error('a stored password hash is not ours')
  const cost = { N: Number(N), r: Number(r), p: Number(p) }
  return { cost, salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') }
}

async function derive(password: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
  if (hashesAtOnce >= HASHES_AT_ONCE_MAX)
    throw new ApplicationError('shed', { retryAfterMs: HASHES_RETRY_MS })
  const options: ScryptOptions = { ...cost, maxmem: MEMORY_BYTES_MAX }
  // One person's keyboard may write the same letters in another Unicode form.
  const text = password.normalize('NFKC')
  hashesAtOnce += 1
  try {
    return await new Promise((resolve, reject) => {
      scrypt(text, salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)))
    })
  } finally {
    hashesAtOnce -= 1
  }
}
