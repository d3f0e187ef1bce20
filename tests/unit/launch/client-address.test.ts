import { describe, expect, it } from 'vitest'
import { createClientNaming } from '../../../scripts/launch/client-address.mjs'

/** What the header says afterwards. */
function named(trusted: string, remoteAddress: string, forwarded?: string): string | string[] | undefined {
  const headers: Record<string, string> = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  createClientNaming(trusted)({ headers, socket: { remoteAddress } })
  return headers['x-forwarded-for']
}

describe('[check 11] who asks', () => {
  it.each([
    ['whoever connects, without a proxy', '', '203.0.113.9', undefined, '203.0.113.9'],
    ['whoever connects, whatever it claims', '', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['what a proxy on this machine says', '', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['the same by IPv6', '', '::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['what such a proxy wrote last', '', '::1', '192.0.2.66, 198.51.100.1', '198.51.100.1'],
    ['this machine, when no proxy says anything', '', '127.0.0.1', undefined, '127.0.0.1'],
    ['what a named proxy says', '10.0.0.7', '10.0.0.7', '198.51.100.1', '198.51.100.1'],
    ['nothing that its neighbour says', '10.0.0.7', '10.0.0.8', '198.51.100.1', '10.0.0.8'],
    [
      'the nearest that is no proxy of ours',
      '10.0.0.0/8 fd00::/8',
      '10.0.0.7',
      '192.0.2.66, 198.51.100.1, fd00::5, 10.1.2.3',
      '198.51.100.1',
    ],
    ['the farthest proxy, when all are ours', '10.0.0.0/8', '10.0.0.7', '10.0.0.9', '10.0.0.9'],
    ['what is no address, cut off from what lies behind', '10.0.0.0/8', '10.0.0.7', '192.0.2.6, x', 'x'],
    [
      'an IPv4 address that came by a socket of IPv6',
      '10.0.0.0/8',
      '::ffff:10.0.0.7',
      '::ffff:192.0.2.6',
      '192.0.2.6',
    ],
  ])('is %s', (_, trusted, remoteAddress, forwarded, expected) => {
    expect(named(trusted, remoteAddress, forwarded)).toBe(expected)
  })

  it.each(['proxy.internal', '10.0.0.0/33', '10.0.0.0/', '10.0.0', '::/129'])(
    '%s names no proxy',
    (entry) => {
      expect(() => createClientNaming(`10.0.0.1, ${entry}`)).toThrow(
        `TIDEMARK_TRUSTED_PROXIES: ${entry} is no address or block of addresses.`,
      )
    },
  )
})
