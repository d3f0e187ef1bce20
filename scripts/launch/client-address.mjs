import { BlockList, isIP } from 'node:net'

/** A reverse proxy on this machine says who asks. */
const LOOPBACK = ['127.0.0.0/8', '::1']

/**
 * Writes into X-Forwarded-For who asks, and nothing else: the nearest hop that is no proxy of ours. Whatever a sender puts
 * before that is its own claim, and of no use to it.
 * @param {string} text TIDEMARK_TRUSTED_PROXIES: addresses and blocks of proxies besides those on this machine
 * @returns {(request: import('node:http').IncomingMessage) => void}
 * @throws {Error} naming the entry that is neither
 */
export function createClientNaming(text = '') {
  const trusted = blocksOf([...LOOPBACK, ...text.split(/[\s,]+/).filter((entry) => entry !== '')])
  const isTrusted = (address) => isIP(address) !== 0 && trusted.check(address, familyOf(address))
  return ({ headers, socket }) => {
    const hops = (headers['x-forwarded-for'] ?? '').split(',').map((hop) => plain(hop.trim()))
    let asker = plain(socket.remoteAddress ?? '')
    while (isTrusted(asker)) {
      const before = hops.pop()
      if (!before) break
      asker = before
    }
    headers['x-forwarded-for'] = asker
  }
}

/** @param {string[]} entries */
function blocksOf(entries) {
  const blocks = new BlockList()
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const longest = isIP(address) === 6 ? 128 : 32
    const isBlock = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest)
    if (isIP(address) === 0 || !isBlock)
      throw new Error(`TIDEMARK_TRUSTED_PROXIES: ${entry} is no address or block of addresses.`)
    blocks.addSubnet(address, bits === undefined ? longest : Number(bits), familyOf(address))
  }
  return blocks
}

const familyOf = (address) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** An address of IPv4 is told as one, whichever socket it came by. */
const plain = (address) => address.replace(/^::ffff:(?=\d+\.)/i, '')
