import { BlockList, isIP } from 'node:net'

/** A reverse proxy on this machine says who asks. */
const LOOPBACK = ['127.0.0.0/8', '::1']
/** Entries of X-Forwarded-For that are looked at, from its end. */
const HOPS_MAX = 10

/**
 * Writes into X-Forwarded-For who asks, and nothing else: the connection, unless it is a trusted proxy's. Then it is whom
 * that one names at the header's end, and so on through those that are trusted; what stands before is its sender's own
 * claim, and of no use to it.
 * @param {string} text TIDEMARK_TRUSTED_PROXIES: addresses and blocks of proxies besides those on this machine
 * @returns {(request: import('node:http').IncomingMessage) => void}
 * @throws {Error} naming the entry that is neither
 */
export function createClientNaming(text = '') {
  const trusted = blocksOf([...LOOPBACK, ...text.split(/[\s,]+/).filter((entry) => entry !== '')])
  const isTrusted = (address) => isIP(address) !== 0 && trusted.check(address, familyOf(address))
  return ({ headers, rawHeaders, socket }) => {
    const hops = String(headers['x-forwarded-for'] ?? '').split(',')
    let asker = plain(socket.remoteAddress ?? '')
    for (const hop of hops.slice(-HOPS_MAX).reverse()) {
      const before = plain(hop.trim())
      if (isIP(before) === 0 || !isTrusted(asker)) break
      asker = before
    }
    headers['x-forwarded-for'] = asker
    retell(rawHeaders, asker)
  }
}

const HEADER = 'x-forwarded-for'

/**
 * In the lines as they came too: what answers ahead of Next (lib/http/node-listener.ts) reads those, and would else take the
 * sender's own word.
 * @param {string[]} lines names and values in turn
 */
function retell(lines, asker) {
  for (let i = lines.length - 2; i >= 0; i -= 2)
    if (lines[i].length === HEADER.length && lines[i].toLowerCase() === HEADER) lines.splice(i, 2)
  lines.push(HEADER, asker)
}

/** @param {string[]} entries */
function blocksOf(entries) {
  const blocks = new BlockList()
  for (const entry of entries) {
    const [address = '', bits, ...rest] = entry.split('/')
    const longest = isIP(address) === 6 ? 128 : 32
    const isBlock = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest)
    if (isIP(address) === 0 || !isBlock || rest.length > 0)
      throw new Error(`TIDEMARK_TRUSTED_PROXIES: ${entry} is no address or block of addresses.`)
    blocks.addSubnet(address, bits === undefined ? longest : Number(bits), familyOf(address))
  }
  return blocks
}

const familyOf = (address) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Without a port, a zone or brackets, which some proxies write; IPv4 as itself, whichever socket it came by. */
function plain(text) {
  const bare = /^\[([^\]]+)\](:\d+)?$/.exec(text)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(text)?.[1] ?? text
  return bare.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
}
