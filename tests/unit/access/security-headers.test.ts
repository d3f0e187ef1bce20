import { expect, test } from 'vitest'
import { securityHeaders } from '#lib/http/admin/security-headers.ts'

test('[check 35] scripts run by nonce only, and nobody frames us', () => {
  const headers = securityHeaders({ nonce: 'abc', development: false })
  const policy = headers['content-security-policy'] ?? ''
  expect(policy).toContain("script-src 'self' 'nonce-abc' 'strict-dynamic';")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).toContain("base-uri 'none'")
  expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline|ws:/)
  expect(headers['x-content-type-options']).toBe('nosniff')
})

test('our own forms keep their Origin header', () => {
  expect(securityHeaders({ nonce: 'abc', development: false })['referrer-policy']).toBe('same-origin')
})

test('development allows what hot reloading needs, and no more', () => {
  const policy = securityHeaders({ nonce: 'abc', development: true })['content-security-policy'] ?? ''
  expect(policy).toContain("'unsafe-eval'")
  expect(policy).not.toMatch(/script-src[^;]*unsafe-inline/)
})
