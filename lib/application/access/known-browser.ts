import { createHmac, timingSafeEqual } from 'node:crypto'
import type { User } from '#lib/storage/ports.ts'
import type { AuthSettings } from './auth-settings.ts'

/** A browser that signed in is known for so long. */
export const KNOWN_BROWSER_MS = 180 * 86_400_000
const ID = /^[0-9a-f-]{36}$/

/**
 * What a browser keeps once somebody signed in at it: tries from there are counted apart, so that strangers who guess at
 * an account do not shut its owner out (security check 11). It opens nothing, and a new password makes it worthless.
 * @param id of this browser, chosen at random
 */
export function knownBrowser(settings: AuthSettings, user: User, id: string, nowMs: number): string {
  const body = `${id}.${(nowMs + KNOWN_BROWSER_MS).toString(36)}`
  const sums = [macOfAnybody(settings, body), mac(settings, user, body)]
  return [body, ...sums.map((sum) => sum.toString('base64url'))].join('.')
}

/** The id of the browser, when this text was made for this user and is still good; null otherwise. */
export function knownBrowserId(
  settings: AuthSettings,
  user: User,
  text: string | null,
  nowMs: number,
): string | null {
  const { id, isWhole, body, untilMs, sum } = parsed(text)
  return isWhole && isEqual(sum, mac(settings, user, body)) && untilMs > nowMs ? id : null
}

/** The same before it is known who comes: somebody signed in at this browser. */
export function anybodysBrowserId(settings: AuthSettings, text: string | null, nowMs: number): string | null {
  const { id, isWhole, body, untilMs, anybody } = parsed(text)
  return isWhole && isEqual(anybody, macOfAnybody(settings, body)) && untilMs > nowMs ? id : null
}

function parsed(text: string | null) {
  const [id = '', until = '', anybody = '', sum = '', ...rest] = (text ?? '').split('.')
  const isWhole = ID.test(id) && rest.length === 0
  return { id, isWhole, body: `${id}.${until}`, untilMs: Number.parseInt(until, 36), sum, anybody }
}

function isEqual(told: string, own: Buffer): boolean {
  const bytes = Buffer.from(told, 'base64url')
  return bytes.length === own.length && timingSafeEqual(bytes, own)
}

const mac = ({ secret }: AuthSettings, user: User, body: string): Buffer =>
  createHmac('sha256', `known-browser ${secret}`)
    .update(JSON.stringify([body, user.id, user.passwordHash]))
    .digest()

const macOfAnybody = ({ secret }: AuthSettings, body: string): Buffer =>
  createHmac('sha256', `anybody's browser ${secret}`).update(body).digest()
