import { createHmac, timingSafeEqual } from 'node:crypto'
import type { User } from '#lib/storage/ports.ts'
import type { AuthSettings } from './auth-settings.ts'

/** A browser that signed in is known for so long. */
export const KNOWN_BROWSER_MS = 180 * 86_400_000
const ID = /^[0-9a-f-]{36}$/

/**
 * What a browser keeps once somebody signed in at it: tries from there are counted apart, so that strangers who guess at
 * an account do not shut its owner out (security.md, 11). It opens nothing, and a new password makes it worthless.
 * @param id of this browser, chosen at random
 */
export function knownBrowser(settings: AuthSettings, user: User, id: string, nowMs: number): string {
  const body = `${id}.${(nowMs + KNOWN_BROWSER_MS).toString(36)}`
  return `${body}.${mac(settings, user, body).toString('base64url')}`
}

/** The id of the browser, when this text was made for this user and is still good; null otherwise. */
export function knownBrowserId(
  settings: AuthSettings,
  user: User,
  text: string | null,
  nowMs: number,
): string | null {
  const [id = '', until = '', sum = '', ...rest] = (text ?? '').split('.')
  if (!ID.test(id) || rest.length > 0) return null
  const [told, own] = [Buffer.from(sum, 'base64url'), mac(settings, user, `${id}.${until}`)]
  if (told.length !== own.length || !timingSafeEqual(told, own)) return null
  return Number.parseInt(until, 36) > nowMs ? id : null
}

const mac = ({ secret }: AuthSettings, user: User, body: string): Buffer =>
  createHmac('sha256', `known-browser ${secret}`)
    .update(JSON.stringify([body, user.id, user.passwordHash]))
    .digest()
