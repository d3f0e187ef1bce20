import { z } from 'zod'
import type { Egress } from '#lib/application/egress/post-json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { Clock } from '#lib/application/surroundings.ts'

/** A sign-in provider that speaks OpenID Connect, as the operator named it. */
export interface OidcClient {
  /** As the provider writes it in its tokens. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** What people call it by, on the button. */
  readonly name: string
  /** Separated by blanks; `openid` and `email` among them. */
  readonly scopes: string
}

/** Where the provider listens (OpenID Connect Discovery 1.0). */
export interface ProviderPlaces {
  readonly authorization: string
  readonly token: string
  readonly userinfo: string | null
  readonly keys: string
  readonly tokenAuth: 'client_secret_basic' | 'client_secret_post'
}

export interface Oidc extends OidcClient {
  /** What the provider tells of itself, asked once an hour; a failure is told in words, and asked again half a minute later. */
  readonly places: () => Promise<Result<ProviderPlaces, string>>
}

export const OIDC_TIMEOUT_MS = 10_000
const PLACES_KEPT_MS = 3_600_000
/** When to try a provider again that was away. */
export const PROVIDER_RETRY_MS = 30_000

const place = z.url({ protocol: /^https?$/ }).max(2_000)
const discovered = z.object({
  issuer: z.string(),
  authorization_endpoint: place,
  token_endpoint: place,
  userinfo_endpoint: place.optional(),
  jwks_uri: place,
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
})

/** @param egress may reach the issuer: that the operator named it is their word for it; what its document names is judged */
export function createOidc(client: OidcClient, egress: Pick<Egress, 'get' | 'refusal'>, clock: Clock): Oidc {
  let kept: { readonly found: Result<ProviderPlaces, string>; readonly untilMs: number } | null = null
  let asking: Promise<Result<ProviderPlaces, string>> | null = null
  const ask = async () => {
    try {
      const found = await discover(client, egress)
      // Strangers have it asked, and each waits for as long as it is silent: so a failure is kept as well.
      kept = { found, untilMs: clock.now() + (found.ok ? PLACES_KEPT_MS : PROVIDER_RETRY_MS) }
      return found
    } finally {
      asking = null
    }
  }
  return {
    ...client,
    places: async () => {
      if (kept && kept.untilMs > clock.now()) return kept.found
      // Those that come meanwhile share the answer of the first.
      asking ??= ask()
      return asking
    },
  }
}

async function discover(
  { issuer }: OidcClient,
  egress: Pick<Egress, 'get' | 'refusal'>,
): Promise<Result<ProviderPlaces, string>> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const answer = await egress.get({
    url,
    headers: { accept: 'application/json' },
    timeoutMs: OIDC_TIMEOUT_MS,
  })
  if (!answer.ok) return answer
  if (answer.value.status !== 200) return err(`it answered ${answer.value.status}`)
  const told = discovered.safeParse(parsedOrNull(answer.value.body))
  if (!told.success) return err('its answer is no description of a provider')
  // Another issuer's tokens would be taken as this one's (Discovery 4.3).
  if (told.data.issuer !== issuer) return err(`it calls itself ${told.data.issuer.slice(0, 200)}`)
  const { authorization_endpoint, token_endpoint, userinfo_endpoint, jwks_uri } = told.data
  const asked = [token_endpoint, jwks_uri, ...(userinfo_endpoint === undefined ? [] : [userinfo_endpoint])]
  for (const one of [authorization_endpoint, ...asked]) {
    const refusal = wayRefusal(issuer, one) ?? (asked.includes(one) ? egress.refusal(one) : null)
    if (refusal !== null) return err(`it names ${one.slice(0, 200)}, which ${refusal}`)
  }
  const ways = told.data.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return ok({
    authorization: authorization_endpoint,
    token: token_endpoint,
    userinfo: userinfo_endpoint ?? null,
    keys: jwks_uri,
    tokenAuth: ways.includes('client_secret_basic') ? 'client_secret_basic' : 'client_secret_post',
  })
}

/** Secrets and tokens go there: in the clear only where the issuer itself is this machine, and then to that host alone. */
function wayRefusal(issuer: string, text: string): string | null {
  const url = new URL(text)
  if (url.protocol === 'https:') return null
  const own = new URL(issuer)
  if (own.protocol === 'http:' && own.hostname === url.hostname) return null
  return 'must begin with https://'
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // A proxy's page, or nothing: the caller refuses it as no answer of a provider.
    return null
  }
}
