/** What the server is told by its environment (README.md). The only reader of `process.env` in lib. */
export interface Env {
  readonly databaseUrl: string
  /** The same database past a transaction-mode pooler, for what needs a session of its own: LISTEN. */
  readonly directUrl: string
  /** Keys tokens and cookies; at least 32 characters. */
  readonly secret: string
  /** Public base URL without a path. */
  readonly origin: string
  /** The first administrator, made at start without a person at the terminal; both or neither. */
  readonly adminEmail: string | null
  readonly adminPassword: string | null
  readonly metricsPublic: boolean
  /** Hosts, addresses and blocks that the server may call though they are not public; each may end in `:port`. */
  readonly egressAllow: readonly string[]
  /** What pages of other engines are asked with, by host or `host:port`: the whole Authorization header. */
  readonly scrapeAuthorizations: Readonly<Record<string, string>>
  /** Asked after each round of alert evaluations: who waits there hears when they stop. Null for nobody. */
  readonly heartbeatUrl: string | null
  /** Signs people in beside passwords; null when nobody named one. */
  readonly oidc: OidcEnv | null
  /** Where metrics are sent by OTLP; null when nobody said, and then nothing is sent. */
  readonly otlp: OtlpTarget | null
}

/** A sign-in provider that speaks OpenID Connect. */
export interface OidcEnv {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** On the button of the sign-in. */
  readonly name: string
  readonly scopes: string
}

/** As the OpenTelemetry specification names it: `OTEL_EXPORTER_OTLP_*` and its like. */
export interface OtlpTarget {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly everyMs: number
  /** Says which process tells: `service.name` and what OTEL_RESOURCE_ATTRIBUTES adds. */
  readonly resource: Readonly<Record<string, string>>
}

/** Names the variable and what to do about it. */
export class EnvError extends Error {
  readonly variable: string

  constructor(variable: string, message: string) {
    super(`${variable}: ${message}`)
    this.name = 'EnvError'
    this.variable = variable
  }
}

export const SECRET_LENGTH_MIN = 32
const DEFAULT_PORT = '3000'
/**
 * What stands in samples and in the place of a secret: a word for it, a row of digits or keys, or one part again and again
 * (security check 44). What is made by chance has none of it: six letters of a word come in one secret of millions.
 */
const SAMPLE =
  /secret|change|sample|example|password|default|insecure|placeholder|replace|tidemark|0123456789|1234567890|abcdefgh|qwerty|^(.{1,16})\1+$/i
type Source = Readonly<Record<string, string | undefined>>

/** Reads and checks the environment. @throws EnvError at the first variable that cannot be used */
export function readEnv(source: Source = process.env): Env {
  const adminEmail = source['TIDEMARK_ADMIN_EMAIL'] || null
  const adminPassword = source['TIDEMARK_ADMIN_PASSWORD'] || null
  if ((adminEmail === null) !== (adminPassword === null)) {
    const missing = adminEmail === null ? 'TIDEMARK_ADMIN_EMAIL' : 'TIDEMARK_ADMIN_PASSWORD'
    throw new EnvError(missing, 'set both TIDEMARK_ADMIN_EMAIL and TIDEMARK_ADMIN_PASSWORD, or neither.')
  }
  const databaseUrl = databaseUrlOf(source)
  return {
    databaseUrl,
    directUrl: source['DATABASE_DIRECT_URL'] || databaseUrl,
    secret: secretOf(source),
    origin: originOf(source),
    adminEmail,
    adminPassword,
    metricsPublic: flagOf(source, 'TIDEMARK_METRICS_PUBLIC'),
    egressAllow: listOf(source, 'TIDEMARK_EGRESS_ALLOW'),
    scrapeAuthorizations: pairsOf(
      'TIDEMARK_SCRAPE_AUTHORIZATIONS',
      source['TIDEMARK_SCRAPE_AUTHORIZATIONS'] ?? '',
    ),
    heartbeatUrl: heartbeatOf(source),
    oidc: oidcOf(source),
    otlp: otlpOf(source),
  }
}

/**
 * The one way to tell next-auth its own address, which providers lead back to: it reads it at each call, and goes by
 * headers otherwise, which say whatever their sender likes.
 */
export function tellNextAuth(url: string): void {
  process.env['NEXTAUTH_URL'] = url
}

function databaseUrlOf(source: Source): string {
  const url = source['DATABASE_URL'] ?? ''
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url
  throw new EnvError(
    'DATABASE_URL',
    'must be a URL like postgresql://user:password@host:5432/tidemark; `npm start` sets it when you leave it out.',
  )
}

function secretOf(source: Source): string {
  const secret = source['TIDEMARK_SECRET'] ?? ''
  const isSample = source['NODE_ENV'] === 'production' && SAMPLE.test(secret)
  if (secret.length >= SECRET_LENGTH_MIN && new Set(secret).size > 8 && !isSample) return secret
  const problem =
    secret === ''
      ? 'is required with DATABASE_URL'
      : `must be ${SECRET_LENGTH_MIN} or more characters of chance${isSample ? ', and this one stands in somebody’s sample' : ''}`
  throw new EnvError(
    'TIDEMARK_SECRET',
    `${problem}; make one with: node -p "crypto.randomBytes(32).toString('hex')"`,
  )
}

function originOf(source: Source): string {
  const url = source['TIDEMARK_URL'] || `http://127.0.0.1:${source['PORT'] || DEFAULT_PORT}`
  if (/^https?:\/\//.test(url) && URL.canParse(url)) return new URL(url).origin
  throw new EnvError('TIDEMARK_URL', 'must be the public base URL, like https://sync.example.org.')
}

function heartbeatOf(source: Source): string | null {
  const url = source['TIDEMARK_HEARTBEAT_URL'] ?? ''
  if (url === '') return null
  if (/^https?:\/\//.test(url) && URL.canParse(url)) return url
  // What was read stays unsaid: such an address is a key.
  throw new EnvError('TIDEMARK_HEARTBEAT_URL', 'must be a URL that may be asked with GET each minute.')
}

const OIDC_SCOPES = 'openid email profile'
const OIDC_NAME_CHARS_MAX = 40
/** This machine; anywhere else tokens would travel in the clear. */
const LOOPBACK_HTTP = /^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|$)/

/** All three of issuer, client and secret, or none. */
function oidcOf(source: Source): OidcEnv | null {
  const needed = ['TIDEMARK_OIDC_ISSUER', 'TIDEMARK_OIDC_CLIENT_ID', 'TIDEMARK_OIDC_CLIENT_SECRET'] as const
  const missing = needed.filter((name) => (source[name] ?? '') === '')
  const [first] = missing
  if (missing.length === needed.length) return null
  if (first !== undefined)
    throw new EnvError(first, `is missing: a sign-in provider takes ${needed.join(', ')}.`)
  const [issuer = '', clientId = '', clientSecret = ''] = needed.map((name) => source[name])
  const url = URL.canParse(issuer) ? new URL(issuer) : null
  const isSafe = url?.protocol === 'https:' || LOOPBACK_HTTP.test(issuer)
  if (url === null || !isSafe || url.search + url.hash !== '')
    throw new EnvError(
      'TIDEMARK_OIDC_ISSUER',
      'must be the https:// address that the provider calls itself by.',
    )
  const scopes = source['TIDEMARK_OIDC_SCOPES'] || OIDC_SCOPES
  if (!['openid', 'email'].every((scope) => scopes.split(' ').includes(scope)))
    throw new EnvError('TIDEMARK_OIDC_SCOPES', 'must have openid and email, with a blank between two.')
  const name = source['TIDEMARK_OIDC_NAME'] || url.hostname
  if (name.length > OIDC_NAME_CHARS_MAX)
    throw new EnvError('TIDEMARK_OIDC_NAME', `must have at most ${OIDC_NAME_CHARS_MAX} characters.`)
  return { issuer, clientId, clientSecret, name, scopes }
}

/** Separated by commas or blanks. */
const listOf = (source: Source, name: string): readonly string[] =>
  (source[name] ?? '').split(/[\s,]+/).filter((entry) => entry !== '')

function flagOf(source: Source, name: string): boolean {
  const value = source[name] ?? ''
  if (value === '' || value === '0') return false
  if (value === '1') return true
  throw new EnvError(name, 'is 1 for yes, or 0 for no.')
}

const OTLP_TIMEOUT_MS = '10000'
const OTLP_EVERY_MS = '60000'

/** Off unless an endpoint is named; what is said for metrics alone comes before what is said for all signals. */
function otlpOf(source: Source): OtlpTarget | null {
  const pick = (name: string): string =>
    source[`OTEL_EXPORTER_OTLP_METRICS_${name}`] || source[`OTEL_EXPORTER_OTLP_${name}`] || ''
  if (pick('ENDPOINT') === '') return null
  const own = source['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'] ?? ''
  const [variable, url] =
    own !== ''
      ? ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', own]
      : ['OTEL_EXPORTER_OTLP_ENDPOINT', `${pick('ENDPOINT').replace(/\/$/, '')}/v1/metrics`]
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new EnvError(variable, 'must be the URL of an OTLP/HTTP receiver, like http://127.0.0.1:4318.')
  if (pick('PROTOCOL') !== '' && pick('PROTOCOL') !== 'http/json')
    throw new EnvError('OTEL_EXPORTER_OTLP_PROTOCOL', 'must be http/json: no other is spoken.')
  return {
    url,
    headers: pairsOf('OTEL_EXPORTER_OTLP_HEADERS', pick('HEADERS')),
    timeoutMs: msOf('OTEL_EXPORTER_OTLP_TIMEOUT', pick('TIMEOUT') || OTLP_TIMEOUT_MS),
    everyMs: msOf('OTEL_METRIC_EXPORT_INTERVAL', source['OTEL_METRIC_EXPORT_INTERVAL'] || OTLP_EVERY_MS),
    resource: {
      ...pairsOf('OTEL_RESOURCE_ATTRIBUTES', source['OTEL_RESOURCE_ATTRIBUTES'] ?? ''),
      'service.name': source['OTEL_SERVICE_NAME'] || 'tidemark',
    },
  }
}

/** `key=value,key2=value2`, values percent-encoded (W3C baggage, as OpenTelemetry has it). */
function pairsOf(name: string, text: string): Readonly<Record<string, string>> {
  const pairs = text
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
  return Object.fromEntries(pairs.map((pair) => pairOf(name, pair)))
}

function pairOf(name: string, pair: string): readonly [string, string] {
  const at = pair.indexOf('=')
  try {
    if (at > 0) return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())]
  } catch (error) {
    if (!(error instanceof URIError)) throw error
  }
  // What was read stays unsaid: it may be a key.
  throw new EnvError(name, 'must be pairs like key=value,key2=value2, their values percent-encoded.')
}

function msOf(name: string, text: string): number {
  const ms = Number(text)
  if (Number.isInteger(ms) && ms >= 100 && ms <= 86_400_000) return ms
  throw new EnvError(name, 'must be milliseconds, from 100 to 86400000.')
}
