import type { NextAuthOptions } from 'next-auth'
import type { OAuthConfig } from 'next-auth/providers/oauth'
import type { IdentityClaims } from './sign-in-by-identity.ts'
import { OIDC_TIMEOUT_MS, type Oidc, type ProviderPlaces } from './oidc.ts'

type Claims = Readonly<Record<string, unknown>>

export interface ExchangeHooks {
  /** Somebody has to show the provider again who they are, though it knows them (security check 18). */
  readonly fresh: boolean
  /** Told why tokens could not be had, or are not believed. */
  readonly onFailure: (error: unknown) => void
}

/**
 * The provider as next-auth takes it: authorization code with PKCE, state and nonce; the ID token is checked for issuer,
 * audience, signature and time by its client.
 */
export function oidcProvider(
  oidc: Oidc,
  places: ProviderPlaces,
  { fresh, onFailure }: ExchangeHooks,
): NextAuthOptions['providers'][number] {
  const noted = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      onFailure(error)
      throw error
    }
  }
  const provider: OAuthConfig<Claims> = {
    id: 'oidc',
    name: oidc.name,
    type: 'oauth',
    issuer: oidc.issuer,
    clientId: oidc.clientId,
    clientSecret: oidc.clientSecret,
    client: { token_endpoint_auth_method: places.tokenAuth },
    idToken: true,
    checks: ['pkce', 'state', 'nonce'],
    jwks_endpoint: places.keys,
    httpOptions: { timeout: OIDC_TIMEOUT_MS },
    authorization: {
      url: places.authorization,
      // max_age makes the provider say when it last asked (OpenID Connect Core 3.1.2.1).
      params: { scope: oidc.scopes, ...(fresh ? { prompt: 'login', max_age: 0 } : {}) },
    },
    token: {
      url: places.token,
      request: ({ client, params, checks, provider: { callbackUrl } }) =>
        noted(async () => ({ tokens: await client.callback(callbackUrl, params, checks) })),
    },
    userinfo: {
      ...(places.userinfo === null ? {} : { url: places.userinfo }),
      request: ({ client, tokens }) =>
        noted(async () => {
          const { id_token: idToken, access_token: accessToken } = tokens
          const claims = claimsOf(idToken)
          // Many providers tell the e-mail there alone; the client holds it to the ID token's subject.
          const asked = 'email' in claims || places.userinfo === null || accessToken === undefined
          const told = asked ? {} : await client.userinfo(accessToken)
          if ('sub' in told && told.sub !== claims['sub']) throw new Error('userinfo is about somebody else')
          return { ...told, ...claims } as never
        }),
    },
    profile: (claims) => ({ id: String(claims['sub']) }),
  }
  return provider
}

/** Of a token that was checked already. */
function claimsOf(idToken: string | undefined): Claims {
  const payload = Buffer.from(idToken?.split('.')[1] ?? '', 'base64url').toString()
  return JSON.parse(payload) as Claims
}

/** What Tidemark goes by, of what the provider told. */
export function identityOf(oidc: Oidc, claims: Claims): IdentityClaims {
  const { sub, email, email_verified: verified, auth_time: authTime } = claims
  return {
    issuer: oidc.issuer,
    subject: typeof sub === 'string' ? sub : '',
    email: typeof email === 'string' ? email.toLowerCase() : null,
    // Some providers write it as a text.
    emailVerified: verified === true || verified === 'true',
    authTimeMs: typeof authTime === 'number' ? authTime * 1_000 : null,
  }
}

const OUTAGE = /^(E[A-Z_]+|UND_ERR_\w+)$/

/** Whether the provider could not be reached, or failed itself; else it, or we, refused. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, response } = error as { code?: unknown; response?: { statusCode?: number } }
  if (typeof code === 'string' && OUTAGE.test(code)) return !code.startsWith('ERR_')
  return (response?.statusCode ?? 0) >= 500 || /timed out|hang up/.test(error.message)
}
