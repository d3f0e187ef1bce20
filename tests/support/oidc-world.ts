import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createOidc, type Oidc } from '#lib/application/access/oidc.ts'
import { createEgress } from '#lib/application/egress/post-json.ts'
import { EgressGuard } from '#lib/application/egress/egress-guard.ts'

/** Who is at the browser of the provider, and what is changed of what it tells next. */
export interface Told {
  readonly account: { readonly sub: string; readonly email?: string; readonly email_verified?: boolean }
  readonly claims?: Readonly<Record<string, unknown>>
  readonly key?: 'another'
  readonly status?: number
}

export interface OidcServer {
  readonly issuer: string
  readonly clientSecret: string
  /** As the composed application has it. */
  readonly oidc: Oidc
  tell(told: Told): Promise<void>
  /** Where the provider leads a browser that came by this address; it keeps the provider's cookies. */
  visit(authorizationUrl: string): Promise<URL>
  stop(): Promise<void>
}

const REDIRECTS_MAX = 10

/**
 * Starts a sign-in provider in a process of its own.
 * @param origin of the server that it signs people in to
 */
export async function oidcServer(
  origin: string,
  account: Told['account'] = { sub: 'nobody' },
): Promise<OidcServer> {
  const secret = randomUUID()
  const child = fork(
    new URL('oidc-server.mjs', import.meta.url),
    [secret, `${origin}/api/auth/callback/oidc`, JSON.stringify(account)],
    {
      execArgv: [],
      // It warns that it keeps all in memory, and of every Node but the newest.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    },
  )
  let warned = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (warned = (warned + text).slice(-4_000)))

  const heard = () =>
    new Promise<unknown>((resolve, reject) => {
      const died = (code: number | null) => reject(new Error(`the provider ended with ${code}: ${warned}`))
      child.once('exit', died)
      child.once('message', (message) => {
        child.off('exit', died)
        resolve(message)
      })
    })
  const { issuer } = (await heard()) as { issuer: string }
  const egress = createEgress(new EgressGuard(['127.0.0.1']))
  const client = { issuer, clientId: 'tidemark', clientSecret: secret, name: 'Our directory' }
  return {
    issuer,
    clientSecret: secret,
    oidc: createOidc({ ...client, scopes: 'openid email profile' }, egress, { now: Date.now }),
    tell: async (told) => {
      const answer = heard()
      child.send(told)
      await answer
    },
    visit: (authorizationUrl) => followed(authorizationUrl, origin),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** A browser of its own each time. */
async function followed(authorizationUrl: string, home: string): Promise<URL> {
  const jar = new Map<string, string>()
  let url = new URL(authorizationUrl)
  for (let n = 0; n < REDIRECTS_MAX; n += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const line of answer.headers.getSetCookie()) {
      const pair = line.split(';', 1)[0] ?? ''
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    const to = answer.headers.get('location')
    if (to === null) throw new Error(`the provider answered ${answer.status}: ${await answer.text()}`)
    url = new URL(to, url)
    if (url.origin === home) return url
  }
  throw new Error('the provider leads nowhere')
}
