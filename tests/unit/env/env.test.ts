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
  ])('%s is named when it cannot be used: %j', (variable, change) => {
    const read = () => readEnv({ ...GOOD, ...change })
    expect(read).toThrow(EnvError)
    expect(read).toThrow(new RegExp(`^${variable}: `))
  })
})
