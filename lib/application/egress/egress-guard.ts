import { BlockList, isIP } from 'node:net'

/** Where a request would go. */
export interface Destination {
  /** As a URL's `hostname`, without the brackets of IPv6. */
  readonly host: string
  readonly port: number
}

/** Special-purpose IPv4 blocks (RFC 6890 and its registry), and the one public address that a cloud serves metadata at. */
const CLOSED_IPV4 = [
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24',
  '192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4',
  '168.63.129.16/32',
].flatMap((blocks) => blocks.split(' '))
/** Of IPv6 only global unicast is open, without what embeds or documents other addresses. */
const OPEN_IPV6 = ['2000::/3']
const CLOSED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

/**
 * Says where the server may connect to on somebody's behalf (security check 40): public addresses, and what the
 * operator's allowlist names. An entry is a host name, an address or a block of them, each with `:port` or for all
 * ports; a name admits whatever it resolves to.
 */
export class EgressGuard {
  private readonly closed = blockList([...CLOSED_IPV4, ...CLOSED_IPV6])
  private readonly open = blockList(OPEN_IPV6)
  private readonly names = new Set<string>()
  private readonly blocks: { readonly list: BlockList; readonly port: number | null }[] = []

  /** @throws RangeError naming the entry that is none */
  constructor(allowed: readonly string[]) {
    for (const entry of allowed) this.allow(entry)
  }

  /** Whether the allowlist names this host itself, whatever it resolves to. */
  namesHost({ host, port }: Destination): boolean {
    const name = host.toLowerCase()
    return isIP(name) !== 0
      ? this.isListed(name, port)
      : this.names.has(name) || this.names.has(`${name}:${port}`)
  }

  /** Whether this address is public or on the allowlist. */
  admits(address: string, port: number): boolean {
    const family = familyOf(address)
    if (family === null) return false
    const isPublic =
      !this.closed.check(address, family) && (family === 'ipv4' || this.open.check(address, family))
    return isPublic || this.isListed(address, port)
  }

  private isListed(address: string, port: number): boolean {
    const family = familyOf(address)
    return (
      family !== null &&
      this.blocks.some((block) => fits(block.port, port) && block.list.check(address, family))
    )
  }

  private allow(entry: string): void {
    const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry)
    const plain = isIP(entry.split('/', 1)[0] ?? '') === 6 ? null : /^([^:]+):(\d+)$/.exec(entry)
    const [, host = entry, portText] = bracketed ?? plain ?? []
    const port = portText === undefined ? null : Number(portText)
    if (port !== null && (port < 1 || port > 65_535)) throw new RangeError(entry)
    if (isIP(host.split('/', 1)[0] ?? '') !== 0) this.blocks.push({ list: blockList([host]), port })
    else if (/^[a-z0-9_]([a-z0-9._-]*[a-z0-9])?$/i.test(host))
      this.names.add(port === null ? host.toLowerCase() : `${host.toLowerCase()}:${port}`)
    else throw new RangeError(entry)
  }
}

const fits = (listed: number | null, port: number): boolean => listed === null || listed === port

const familyOf = (address: string): 'ipv4' | 'ipv6' | null => {
  const version = isIP(address)
  return version === 0 ? null : version === 4 ? 'ipv4' : 'ipv6'
}

function blockList(blocks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const block of blocks) {
    const [address = '', prefix] = block.split('/')
    const family = familyOf(address)
    if (family === null || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) throw new RangeError(block)
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}
