import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'

const VERSION = 'v1'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Texts that the server must say again, and that no table shows: AES-256-GCM under a key derived from the server's
 * secret, bound to what they belong to.
 * @param owner the id of what they belong to: under another's they don't open
 */
export function seal(secret: Uint8Array, owner: string, text: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret), nonce).setAAD(Buffer.from(owner))
  const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final()])
  return `${VERSION}.${Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64url')}`
}

/** The text again, or why it doesn't open. */
export function unseal(secret: Uint8Array, owner: string, sealed: string): Result<string, string> {
  const [version, text = ''] = sealed.split('.')
  const bytes = Buffer.from(text, 'base64url')
  if (version !== VERSION || bytes.length < NONCE_BYTES + TAG_BYTES) return err('is not sealed as we do it')
  const tag = bytes.subarray(-TAG_BYTES)
  try {
    const nonce = bytes.subarray(0, NONCE_BYTES)
    const decipher = createDecipheriv('aes-256-gcm', keyOf(secret), nonce)
      .setAAD(Buffer.from(owner))
      .setAuthTag(tag)
    const body = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8')
    return ok(body + decipher.final('utf8'))
  } catch {
    // What fails here is the tag: another key, another owner, or another text.
    return err('was sealed under another TIDEMARK_SECRET')
  }
}

const keyOf = (secret: Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', 'tidemark channel secrets', KEY_BYTES))
