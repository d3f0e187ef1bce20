import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'

export const PASSWORD_CHARS_MIN = 15
/** Long passphrases are welcome; the bound only keeps hashing cheap. */
const PASSWORD_CHARS_MAX = 256

/** About 50 ms and 32 MiB a password; old hashes keep their own numbers. */
const COST = { N: 2 ** 15, r: 8, p: 1 }
const KEY_BYTES = 32
const MEMORY_BYTES_MAX = 64 * 1024 * 1024

/** Passwords of 15 characters and more that guessers try first; compared without case. */
const COMMON = new Set([
  'passwordpassword',
  'password12345678',
  'password1234567890',
  'passwordpassword1',
  'mypasswordispassword',
  '123456789012345',
  '1234567890123456',
  '12345678901234567890',
  '123456123456123456',
  '123123123123123',
  '000000000000000',
  '111111111111111',
  '1111111111111111',
  'aaaaaaaaaaaaaaa',
  'aaaaaaaaaaaaaaaa',
  'qwertyuiopasdfgh',
  'qwertyuiopasdfghjkl',
  'qwertyuiop123456',
  '1q2w3e4r5t6y7u8i',
  '1q2w3e4r5t6y7u8i9o0p',
  'abcdefghijklmno',
  'abcdefghijklmnop',
  'abcdefghijklmnopqrstuvwxyz',
  'iloveyouiloveyou',
  'letmeinletmeinletmein',
  'adminadminadmin',
  'administrator123',
  'changemechangeme',
  'changeme12345678',
  'welcomewelcome123',
  'correcthorsebatterystaple',
  'correct horse battery staple',
  'tidemarktidemark',
  'tidemark1234567',
  'passw0rdpassw0rd',
])

/** What is wrong with a new password, in words for people; null when it will do (security.md, 10). */
export function passwordProblem(password: string): string | null {
  // Code points, as people count them, near enough.
  const { length } = Array.from(password)
  if (length < PASSWORD_CHARS_MIN) return `must have at least ${PASSWORD_CHARS_MIN} characters`
  if (length > PASSWORD_CHARS_MAX) return `must have at most ${PASSWORD_CHARS_MAX} characters`
  if (COMMON.has(password.toLowerCase())) return 'is one of the passwords that guessers try first'
  return null
}

/** `scrypt$N$r$p$salt$key`: the parameters travel with the hash, so they can be raised later (security.md, 13). */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, COST)
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

/** Compares in constant time. Without a hash it does the same work and is false: an unknown user costs the same. */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const known = parseHash(stored)
  const key = await derive(password, known?.salt ?? DECOY_SALT, known?.cost ?? COST)
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

function derive(password: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
  const options: ScryptOptions = { ...cost, maxmem: MEMORY_BYTES_MAX }
  // One person's keyboard may write the same letters in another Unicode form.
  const text = password.normalize('NFKC')
  return new Promise((resolve, reject) => {
    scrypt(text, salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
