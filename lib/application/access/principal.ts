import { getToken } from 'next-auth/jwt'
import type { Actor } from '#lib/application/context.ts'
import { EVERY_FLEET } from './authorize.ts'
import type { AccessContext } from './context.ts'
import { parseCredential } from './credentials.ts'
import { findSession, userActor } from './sessions.ts'
import { sessionCookieName, type AuthSettings } from './auth-settings.ts'

/** Who a request is from, and by what. */
export interface Principal {
  readonly actor: Actor
  /** Set for people: the row that signing out ends. */
  readonly sessionId: string | null
  /** When a person last showed who they are, Unix ms; null for a key, of which nobody asks it. */
  readonly provedAtMs: number | null
  /** What a key may do beside its role. */
  readonly scopes: readonly string[]
}

/**
 * The person behind a session cookie. The cookie only names the session row, which is looked up each time, so
 * signing out, disabling and demotion hold from the next request on.
 */
export async function principalOfCookies(
  ctx: AccessContext,
  settings: AuthSettings,
  cookies: Readonly<Record<string, string>>,
): Promise<Principal | null> {
  // Only cookies are given: a bearer token is never read as a session here.
  const req = { cookies, headers: {} } as unknown as Parameters<typeof getToken>[0]['req']
  const token = await getToken({ req, secret: settings.secret, cookieName: sessionCookieName(settings) })
  const sessionId = token?.['sid']
  const found = typeof sessionId === 'string' ? await findSession(ctx, sessionId) : null
  if (!found) return null
  const { id, provedAtMs } = found.session
  return { actor: userActor(found.user), sessionId: id, provedAtMs, scopes: [] }
}

/**
 * The program behind an operator API key; null for any other text, and for a key that has ended. Its use is noted, with
 * the address that it came from.
 */
export async function principalOfKey(
  ctx: AccessContext,
  text: string,
  address: string | null = null,
): Promise<Principal | null> {
  const credential = parseCredential(text)
  if (credential?.kind !== 'api') return null
  const key = await ctx.storage.access.findApiKey(credential.hash, ctx.clock.now(), address)
  if (!key) return null
  const roles = { [key.fleetId ?? EVERY_FLEET]: key.role }
  const actor: Actor = { kind: 'key', id: key.id, name: key.name, roles, endsAtMs: key.expiresAtMs }
  return { actor, sessionId: null, provedAtMs: null, scopes: key.scopes }
}
