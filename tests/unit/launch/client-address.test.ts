import { describe, expect, test } from 'vitest'
import { createClientNaming } from '../../../scripts/launch/client-address.mjs'

const named = (trusted: string, remoteAddress: string, told?: string): string => {
  const headers: Record<string, string> = told === undefined ? {} : { 'x-forwarded-for': told }
  const rawHeaders = [
    'Host',
    'x.test',
    ...(told === undefined ? [] : ['X-Forwarded-For', told]),
    'Accept',
    '*/*',
  ]
  createClientNaming(trusted)({ headers, rawHeaders, socket: { remoteAddress } })
  const who = headers['x-forwarded-for'] ?? ''
  expect(rawHeaders).toEqual(['Host', 'x.test', 'Accept', '*/*', 'x-forwarded-for', who])
  return who
}

describe('[check 11] who asks', () => {
  test.each([
    // Nobody between: whatever is claimed.
    ['', '192.0.2.1', undefined, '192.0.2.1'],
    ['', '192.0.2.1', '198.51.100.7', '192.0.2.1'],
    ['10.0.0.0/8', '192.0.2.1', '198.51.100.7', '192.0.2.1'],
    ['', '::ffff:192.0.2.1', '198.51.100.7', '192.0.2.1'],
    // A proxy on this machine, and one that was named.
    ['', '127.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['', '::1', '198.51.100.7', '198.51.100.7'],
    ['', '127.0.0.1', undefined, '127.0.0.1'],
    ['10.0.0.0/8', '10.1.2.3', '198.51.100.7', '198.51.100.7'],
    ['10.0.0.0/8', '::ffff:10.1.2.3', '6.6.6.6, 198.51.100.7', '198.51.100.7'],
    // One behind the other: the first that is not trusted.
    ['10.0.0.0/8', '127.0.0.1', '6.6.6.6, 198.51.100.7, 10.9.9.9', '198.51.100.7'],
    ['10.0.0.0/8,2001:db8::/32', '10.1.1.1', '198.51.100.7, 2001:db8::5', '198.51.100.7'],
    ['10.0.0.0/8', '10.1.1.1', '10.2.2.2', '10.2.2.2'],
    // With a port or brackets, as some write it.
    ['', '127.0.0.1', '198.51.100.7:4711', '198.51.100.7'],
    ['', '127.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
    // What is no address ends the chain.
    ['10.0.0.0/8', '10.1.1.1', '198.51.100.7, unknown', '10.1.1.1'],
    ['', '127.0.0.1', '<script>', '127.0.0.1'],
  ])('with %j trusted, from %s telling %s, is %s', (trusted, from, told, who) => {
    expect(named(trusted, from, told)).toBe(who)
  })

  test.each(['proxy.example.org', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0'])(
    '%s is none',
    (entry) => {
      expect(() => createClientNaming(`127.0.0.1, ${entry}`)).toThrow(
        `TIDEMARK_TRUSTED_PROXIES: ${entry} is no address or block of addresses.`,
      )
    },
  )
})
