import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { EnvError, readEnv } from '#lib/env.ts'

const GOOD = {
  DATABASE_URL: 'postgresql://tidemark:x@127.0.0.1:5432/tidemark',
  TIDEMARK_SECRET: '0123456789abcdef0123456789abcdef',
}

describe('the environment', () => {
  test('a database and a secret are enough', () => {
    expect(readEnv(GOOD)).toEqual({
      databaseUrl: GOOD.DATABASE_URL,
      directUrl: GOOD.DATABASE_URL,
      secret: GOOD.TIDEMARK_SECRET,
      origin: 'http://127.0.0.1:3000',
      adminEmail: null,
      adminPassword: null,
      metricsPublic: false,
      egressAllow: [],
      scrapeAuthorizations: {},
      heartbeatUrl: null,
      oidc: null,
      otlp: null,
    })
  })

  test('a database past the pooler is the one to listen at', () => {
    const DATABASE_DIRECT_URL = 'postgresql://tidemark:x@127.0.0.1:5433/tidemark'
    const { databaseUrl, directUrl } = readEnv({ ...GOOD, DATABASE_DIRECT_URL })
    expect([databaseUrl, directUrl]).toEqual([GOOD.DATABASE_URL, DATABASE_DIRECT_URL])
  })

  test('the origin is the public URL without its path, else this machine at PORT', () => {
    expect(readEnv({ ...GOOD, TIDEMARK_URL: 'https://sync.example.org/x' }).origin).toBe(
      'https://sync.example.org',
    )
    expect(readEnv({ ...GOOD, PORT: '4100' }).origin).toBe('http://127.0.0.1:4100')
  })

  test('metrics are sent where OpenTelemetry variables say, those for metrics before those for all', () => {
    const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:4318/'
    expect(readEnv({ ...GOOD, OTEL_EXPORTER_OTLP_ENDPOINT }).otlp).toEqual({
      url: 'http://127.0.0.1:4318/v1/metrics',
      headers: {},
      timeoutMs: 10_000,
      everyMs: 60_000,
      resource: { 'service.name': 'tidemark' },
    })
    const told = readEnv({
      ...GOOD,
      OTEL_EXPORTER_OTLP_ENDPOINT,
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'https://otel.example.org/in',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a',
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'api-key=b%20c, x=y=z',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      OTEL_SERVICE_NAME: 'sync',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=no',
    })
    expect(told.otlp).toEqual({
      url: 'https://otel.example.org/in',
      headers: { 'api-key': 'b c', x: 'y=z' },
      timeoutMs: 500,
      everyMs: 1_000,
      resource: { 'service.name': 'sync', 'deployment.environment.name': 'test' },
    })
  })

  test('what pages of other engines are asked with stands by host, and none of it is told', () => {
    const pairs = 'couch.example.org=Basic%20YTpi,10.0.0.1:9090=Bearer%20x'
    expect(readEnv({ ...GOOD, TIDEMARK_SCRAPE_AUTHORIZATIONS: pairs }).scrapeAuthorizations).toEqual({
      'couch.example.org': 'Basic YTpi',
      '10.0.0.1:9090': 'Bearer x',
    })
    const wrong = { TIDEMARK_SCRAPE_AUTHORIZATIONS: 'secret' }
    expect(() => readEnv({ ...GOOD, ...wrong })).toThrow(/^TIDEMARK_SCRAPE_AUTHORIZATIONS: (?!.*secret)/)
  })

  test('a sign-in provider takes three variables, and is called by its host unless it has a name', () => {
    const oidc = {
      TIDEMARK_OIDC_ISSUER: 'https://id.example.org/realms/crew',
      TIDEMARK_OIDC_CLIENT_ID: 'tidemark',
      TIDEMARK_OIDC_CLIENT_SECRET: 'of the provider',
    }
    expect(readEnv(GOOD).oidc).toBeNull()
    expect(readEnv({ ...GOOD, ...oidc }).oidc).toEqual({
      issuer: 'https://id.example.org/realms/crew',
      clientId: 'tidemark',
      clientSecret: 'of the provider',
      name: 'id.example.org',
      scopes: 'openid email profile',
    })
    const told = { TIDEMARK_OIDC_NAME: 'Crew', TIDEMARK_OIDC_SCOPES: 'openid email' }
    expect(readEnv({ ...GOOD, ...oidc, ...told }).oidc).toMatchObject({
      name: 'Crew',
      scopes: 'openid email',
    })
    const local = { ...oidc, TIDEMARK_OIDC_ISSUER: 'http://127.0.0.1:4000' }
    expect(readEnv({ ...GOOD, ...local }).oidc?.issuer).toBe('http://127.0.0.1:4000')
    const wrong: readonly [string, object][] = [
      ['TIDEMARK_OIDC_CLIENT_SECRET', { ...oidc, TIDEMARK_OIDC_CLIENT_SECRET: '' }],
      ['TIDEMARK_OIDC_ISSUER', { ...oidc, TIDEMARK_OIDC_ISSUER: 'http://id.example.org' }],
      ['TIDEMARK_OIDC_ISSUER', { ...oidc, TIDEMARK_OIDC_ISSUER: 'http://127.0.0.1.evil.example' }],
      ['TIDEMARK_OIDC_SCOPES', { ...oidc, TIDEMARK_OIDC_SCOPES: 'openid profile' }],
      ['TIDEMARK_OIDC_NAME', { ...oidc, TIDEMARK_OIDC_NAME: 'x'.repeat(41) }],
    ]
    for (const [variable, change] of wrong)
      expect(() => readEnv({ ...GOOD, ...change })).toThrow(new RegExp(`^${variable}: (?!.*of the provider)`))
  })

  test('[check 44] in production a secret out of a sample is none, and what chance makes is one', () => {
    const read = (secret: string) => readEnv({ ...GOOD, NODE_ENV: 'production', TIDEMARK_SECRET: secret })
    for (const sample of [
      GOOD.TIDEMARK_SECRET,
      'change-me-change-me-change-me-change-me',
      'please REPLACE this by 32 characters or more',
      'my-super-Secret-key-for-the-production-server',
      'tidemark-development-key-9f8e7d6c5b4a',
      'abcdefghijklmnopqrstuvwxyz0987654321',
      'a9b8c7d6e5f4a9b8c7d6e5f4a9b8c7d6e5f4',
    ])
      expect(() => read(sample), sample).toThrow(
        /^TIDEMARK_SECRET: must be 32 or more characters of chance, and/,
      )
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      for (let n = 0; n < 200; n++) {
        // As good as chance, and the same in each run.
        const { secret } = read(createHash('sha256').update(String(n)).digest(encoding))
        expect(secret.length).toBeGreaterThanOrEqual(32)
      }
    expect(readEnv({ ...GOOD, NODE_ENV: 'test' }).secret).toBe(GOOD.TIDEMARK_SECRET)
  })

  test('[check 44] no secret has a default, and what is wrong with one is told without it', () => {
    const none = { DATABASE_URL: GOOD.DATABASE_URL, NODE_ENV: 'production' }
    expect(() => readEnv(none)).toThrow(/^TIDEMARK_SECRET: is required/)
    expect(() => readEnv({ ...none, TIDEMARK_SECRET: 'zq-short' })).toThrow(
      /^TIDEMARK_SECRET: (?!.*zq-short)/,
    )
    expect(readEnv({ ...GOOD, TIDEMARK_ADMIN_EMAIL: '', TIDEMARK_ADMIN_PASSWORD: '' })).toMatchObject({
      adminEmail: null,
      adminPassword: null,
      scrapeAuthorizations: {},
    })
  })

  test('a header that cannot be read is not told: it may be a key', () => {
    const change = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h', OTEL_EXPORTER_OTLP_HEADERS: 'tmk%ZZ=%ZZsecret' }
    expect(() => readEnv({ ...GOOD, ...change })).toThrow(/^OTEL_EXPORTER_OTLP_HEADERS: (?!.*secret)/)
  })

  test.each([
    ['DATABASE_URL', { DATABASE_URL: 'mysql://x' }],
    ['DATABASE_URL', { DATABASE_URL: undefined }],
    ['TIDEMARK_SECRET', { TIDEMARK_SECRET: '' }],
    ['TIDEMARK_SECRET', { TIDEMARK_SECRET: 'short' }],
    ['TIDEMARK_SECRET', { TIDEMARK_SECRET: 'a'.repeat(64) }],
    ['TIDEMARK_URL', { TIDEMARK_URL: 'javascript:alert(1)' }],
    ['TIDEMARK_ADMIN_PASSWORD', { TIDEMARK_ADMIN_EMAIL: 'a@example.org' }],
    ['TIDEMARK_ADMIN_EMAIL', { TIDEMARK_ADMIN_PASSWORD: 'correct horse battery' }],
    ['TIDEMARK_METRICS_PUBLIC', { TIDEMARK_METRICS_PUBLIC: 'yes' }],
    ['TIDEMARK_HEARTBEAT_URL', { TIDEMARK_HEARTBEAT_URL: 'ftp://h' }],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', { OTEL_EXPORTER_OTLP_ENDPOINT: '127.0.0.1:4318' }],
    [
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    ],
    [
      'OTEL_EXPORTER_OTLP_HEADERS',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h', OTEL_EXPORTER_OTLP_HEADERS: 'key' },
    ],
    [
      'OTEL_METRIC_EXPORT_INTERVAL',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h', OTEL_METRIC_EXPORT_INTERVAL: '5' },
    ],
  ])('[check 44] %s is named when it cannot be used: %j', (variable, change) => {
    const read = () => readEnv({ ...GOOD, ...change })
    expect(read).toThrow(EnvError)
    expect(read).toThrow(new RegExp(`^${variable}: `))
  })
})
