/** What the server is told by its environment (protocol.md, "Running it"). The only reader of `process.env` in lib. */
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
  }
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
  if (secret.length >= SECRET_LENGTH_MIN && new Set(secret).size > 8) return secret
  const problem =
    secret === ''
      ? 'is required with DATABASE_URL'
      : `must be ${SECRET_LENGTH_MIN} or more characters of chance`
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

/** Separated by commas or blanks. */
const listOf = (source: Source, name: string): readonly string[] =>
  (source[name] ?? '').split(/[\s,]+/).filter((entry) => entry !== '')

function flagOf(source: Source, name: string): boolean {
  const value = source[name] ?? ''
  if (value === '' || value === '0') return false
  if (value === '1') return true
  throw new EnvError(name, 'is 1 for yes, or 0 for no.')
}
