import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { seededRandom } from '#lib/kernel/random.ts'
import type { Random } from '#lib/kernel/random.ts'

/** What may befall one connection. Bytes are counted from where it begins, so a cut falls anywhere in a message. */
export type Fault =
  /** Each piece arrives later, in both directions and in order. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Some bytes of the request arrive, then both sides see the connection end. */
  | { readonly kind: 'cut_request'; readonly afterBytes: number }
  /** The request arrives whole, the answer in part. */
  | { readonly kind: 'cut_answer'; readonly afterBytes: number }
  /** As a router does that lost its state. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** One way dead: what the client sends arrives, and it hears nothing until the network is healed. */
  | { readonly kind: 'half_open' }
  /** One way dead: nothing of what the client sends arrives, and it isn't told. */
  | { readonly kind: 'swallow' }
  /** A few bytes at a time, in both directions. */
  | { readonly kind: 'trickle'; readonly bytes: number; readonly everyMs: number }
  /** All requests of the connection arrive a second time, on a connection of their own whose answers nobody reads. */
  | { readonly kind: 'duplicate' }
export type FaultKind = Fault['kind']
export const FAULT_KINDS = [
  'delay',
  'cut_request',
  'cut_answer',
  'reset',
  'half_open',
  'swallow',
  'trickle',
  'duplicate',
] as const satisfies readonly FaultKind[]

const DELAY_MAX_MS = 400
/** A push of ten reports has some 8 KB: cuts fall into head, body and the next message. */
const CUT_MAX_BYTES = 12_000
const TRICKLE_MAX_BYTES = 1_000
const TRICKLE_EVERY_MS = 5

export interface FaultProxyOptions {
  /** Where the real server listens, on this machine. */
  readonly port: number
  readonly seed: number
  /** The share of connections that a fault befalls. */
  readonly share: number
  /** Drawn from these; `duplicate` makes sense for HTTP alone. */
  readonly kinds: readonly FaultKind[]
}

export interface FaultProxy {
  readonly port: number
  /** How many connections each fault has befallen. */
  readonly befallen: ReadonlyMap<FaultKind, number>
  /** It is sound at first. From here on faults befall new connections, by chance or as told; those that are open end. */
  begin(next?: () => Fault | null): void
  /** From here on every new connection is sound; those that a fault holds are ended. */
  heal(): void
  /** The connections that are open now meet this fault from here on. */
  befall(fault: Fault): void
  /** A partition: from here on every connection meets this fault, those that are open and new ones. */
  part(fault: Fault): void
  close(): Promise<void>
}

/** The fault of the next connection; null for none. One seed gives one sequence. */
export function drawFault(
  random: Random,
  { share, kinds }: Pick<FaultProxyOptions, 'share' | 'kinds'>,
): Fault | null {
  const [isHit, which, size] = [random() < share, random(), random()]
  const kind = kinds[Math.floor(which * kinds.length)]
  if (!isHit || kind === undefined) return null
  switch (kind) {
    case 'delay':
      return { kind, ms: Math.ceil(size * DELAY_MAX_MS) }
    case 'cut_request':
    case 'cut_answer':
    case 'reset':
      return { kind, afterBytes: Math.ceil(size * CUT_MAX_BYTES) }
    case 'trickle':
      return { kind, bytes: Math.ceil(size * TRICKLE_MAX_BYTES), everyMs: TRICKLE_EVERY_MS }
    case 'half_open':
    case 'swallow':
    case 'duplicate':
      return { kind }
  }
  return kind satisfies never
}

/** A relay on loopback in front of a server or a database, whose connections break as networks break them. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const random = seededRandom(options.seed)
  const befallen = new Map<FaultKind, number>()
  const links = new Set<Link>()
  const sound = (): null => null
  let next: () => Fault | null = sound
  const server: Server = createServer((client) => {
    const fault = next()
    if (fault) befallen.set(fault.kind, (befallen.get(fault.kind) ?? 0) + 1)
    const link = new Link(client, options.port, fault)
    links.add(link)
    client.once('close', () => links.delete(link))
  })
  const befall = (fault: Fault): void => {
    for (const link of links) link.fault = fault
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    befallen,
    begin(chosen = () => drawFault(random, options)) {
      next = chosen
      for (const link of links) link.end()
    },
    heal() {
      next = sound
      for (const link of links) if (link.fault) link.end()
    },
    befall,
    part(fault) {
      next = () => fault
      befall(fault)
    },
    async close() {
      for (const link of links) link.end()
      server.close()
      await once(server, 'close')
    },
  }
}

/** One connection through the proxy. */
class Link {
  fault: Fault | null
  private readonly client: Socket
  private readonly upstream: Socket
  private readonly twin: Socket | null
  private readonly timers = new Set<NodeJS.Timeout>()
  /** Pieces that are still to be sent; an end comes behind them. */
  private underWay = 0
  private isEnding = false

  constructor(client: Socket, port: number, fault: Fault | null) {
    this.fault = fault
    this.client = client
    this.upstream = connect(port, '127.0.0.1')
    this.twin = fault?.kind === 'duplicate' ? connect(port, '127.0.0.1') : null
    for (const socket of this.sockets()) {
      socket.setNoDelay(true)
      socket.on('error', () => this.end())
    }
    // Unread answers would hold the server's end up.
    this.twin?.resume()
    client.once('close', () => this.end())
    // Who hears nothing does not hear of an end either.
    this.upstream.once('close', () => {
      this.isEnding = this.fault?.kind !== 'half_open' && this.fault?.kind !== 'swallow'
      this.endIfThrough()
    })
    this.relay(client, this.upstream, 'request')
    this.relay(this.upstream, client, 'answer')
  }

  /** Ends it on both sides. */
  end(): void {
    for (const timer of this.timers) clearTimeout(timer)
    this.timers.clear()
    for (const socket of this.sockets()) socket.destroy()
  }

  private sockets(): readonly Socket[] {
    return [this.client, this.upstream, ...(this.twin ? [this.twin] : [])]
  }

  private relay(from: Socket, to: Socket, way: 'request' | 'answer'): void {
    let passed = 0
    let isBroken = false
    const send = (bytes: Buffer): void => {
      passed += bytes.length
      to.write(bytes)
      if (way === 'request') this.twin?.write(bytes)
    }
    let last = Promise.resolve()
    from.on('data', (bytes: Buffer) => {
      const { fault } = this
      if (isBroken) return
      if (fault?.kind === 'half_open' && way === 'answer') return
      if (fault?.kind === 'swallow' && way === 'request') return
      if (fault?.kind === 'delay') {
        this.underWay += 1
        this.after(fault.ms, () => {
          send(bytes)
          this.arrived()
        })
        return
      }
      if (fault?.kind === 'trickle') {
        this.underWay += 1
        last = last.then(() => this.trickle(bytes, fault, send)).then(() => this.arrived())
        return
      }
      const room = Math.max(0, roomOf(fault, way) - passed)
      if (bytes.length < room) return send(bytes)
      isBroken = true
      send(bytes.subarray(0, room))
      this.breakOff(fault)
    })
  }

  private arrived(): void {
    this.underWay -= 1
    this.endIfThrough()
  }

  private endIfThrough(): void {
    if (!this.isEnding || this.underWay > 0) return
    // What was written to the client arrives before the end.
    this.client.end()
    this.after(0, () => this.end())
  }

  private async trickle(
    bytes: Buffer,
    { bytes: size, everyMs }: Extract<Fault, { kind: 'trickle' }>,
    send: (bytes: Buffer) => void,
  ): Promise<void> {
    for (let at = 0; at < bytes.length && !this.client.destroyed; at += size) {
      send(bytes.subarray(at, at + size))
      await new Promise<void>((resolve) => this.after(everyMs, resolve))
    }
  }

  private breakOff(fault: Fault | null): void {
    if (fault?.kind !== 'reset') {
      // What was sent before the end arrives.
      for (const socket of this.sockets()) socket.end()
      this.after(0, () => this.end())
      return
    }
    for (const socket of this.sockets()) socket.resetAndDestroy()
  }

  private after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      run()
    }, ms)
    this.timers.add(timer)
  }
}

/** How many bytes of this way pass before the fault breaks the connection. */
function roomOf(fault: Fault | null, way: 'request' | 'answer'): number {
  if (fault?.kind === 'cut_request' || fault?.kind === 'reset')
    return way === 'request' ? fault.afterBytes : Infinity
  if (fault?.kind === 'cut_answer') return way === 'answer' ? fault.afterBytes : Infinity
  return Infinity
}
