import { PULL_CHANGES_MAX } from '#lib/protocol/limits.ts'
import type { Chance } from './chance.ts'
import type { ServerLife } from './server.ts'
import type { VirtualTime } from './virtual-time.ts'
import type { Windows } from './windows.ts'

export interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** One answer as it left a server. */
export interface Answered {
  readonly device: number
  readonly sent: Sent
  readonly status: number
  readonly text: string
}

export interface NetworkParts {
  readonly time: VirtualTime
  readonly chance: Chance
  readonly windows: Windows
  /** The processes that run, by index; a dead one is left out. */
  readonly servers: () => readonly ServerLife[]
  readonly onAnswer: (answered: Answered) => void
  readonly trace: (line: string) => void
}

const PAGE_SIZES = [2, 3, 5, 500]
const USUAL_LIMIT = `limit=${PULL_CHANGES_MAX}`
const USUAL_MS = [2, 30] as const
const COPY_LATE_MS = 4_000
const DELAYED_MS = [50, 4_000] as const

const unreachable = (code: string): TypeError =>
  Object.assign(new TypeError('fetch failed'), { cause: { code } })

/** A lossy network between devices and servers; what it does to a message is decided when the message is sent. */
export class Network {
  private readonly parts: NetworkParts
  private messages = 0
  /** Records in a page: a run is too small to fill the usual ones. */
  private readonly pageSize: number
  /** Copies that the next message of a device comes in. */
  private readonly storms = new Map<number, number>()

  constructor(parts: NetworkParts) {
    this.parts = parts
    this.pageSize = parts.chance.pick(PAGE_SIZES)
  }

  /** `fetch` of a device. `isAlive` says whether the process that asked is there to be answered. */
  fetch(device: number, isAlive: () => boolean): typeof fetch {
    const send = async (input: string, init: RequestInit): Promise<Response> => {
      const sent: Sent = {
        method: init.method ?? 'GET',
        url: input.replace(USUAL_LIMIT, `limit=${this.pageSize}`),
        headers: init.headers as Record<string, string>,
        body: typeof init.body === 'string' ? init.body : null,
      }
      return new Promise((resolve, reject) => {
        init.signal?.addEventListener('abort', () => reject(new Error('aborted')))
        const answer = (work: () => void): void => {
          if (isAlive()) work()
        }
        this.carry(device, sent, {
          resolve: (response) => answer(() => resolve(response)),
          reject: (error) => answer(() => reject(error)),
        })
      })
    }
    return send as unknown as typeof fetch
  }

  /** The next message of this device arrives so many times more. */
  storm(device: number, copies: number): void {
    this.storms.set(device, copies)
  }

  private carry(device: number, sent: Sent, client: Client): void {
    const { time, chance, windows, trace } = this.parts
    const number = ++this.messages
    const path = sent.url.slice(sent.url.indexOf('/api'))
    trace(`#${number} d${device} ${sent.method} ${path.split('?')[0]} ${sent.body ?? ''}`)
    if (windows.isOpen('offline', device)) {
      windows.note('offline')
      time.after(1, () => client.reject(unreachable('ENETUNREACH')))
      return
    }
    const suffers = (kind: 'lose_request' | 'duplicate' | 'cut_request'): boolean => {
      const hit = chance.hits(windows.probability(kind, device))
      if (hit) windows.note(kind)
      return hit
    }
    const storm = this.storms.get(device) ?? 0
    this.storms.delete(device)
    if (storm > 0) windows.note('retry_storm')
    for (let copies = storm + (suffers('duplicate') ? 1 : 0); copies > 0; copies--)
      time.after(chance.int(1, COPY_LATE_MS), () => void this.deliver(number, device, sent, NOBODY))
    if (suffers('lose_request')) return
    const body = sent.body !== null && suffers('cut_request') ? cut(sent.body, chance) : sent.body
    time.after(this.delay(device), () => void this.deliver(number, device, { ...sent, body }, client))
  }

  private async deliver(number: number, device: number, sent: Sent, client: Client): Promise<void> {
    const { time, chance, onAnswer, trace } = this.parts
    const servers = this.parts.servers()
    const server = servers.length === 0 ? null : chance.pick(servers)
    if (!server) {
      time.after(this.delay(device), () => client.reject(unreachable('ECONNREFUSED')))
      return
    }
    const hangUp = (): void => {
      time.after(this.delay(device), () => client.reject(unreachable('ECONNRESET')))
    }
    server.connections.add(hangUp)
    const { method, url, headers, body } = sent
    const response = await server.router.handle(new Request(url, { method, headers, body }))
    if (server.isDead || !response) return
    const text = await response.text()
    server.connections.delete(hangUp)
    trace(`#${number} ${response.status} ${text}`)
    onAnswer({ device, sent, status: response.status, text })
    this.carryBack(device, response, text, client)
  }

  private carryBack(device: number, response: Response, text: string, client: Client): void {
    const { time, chance, windows } = this.parts
    if (client === NOBODY) return
    const suffers = (kind: 'lose_answer' | 'reset' | 'cut_answer'): boolean => {
      const hit = chance.hits(windows.probability(kind, device))
      if (hit) windows.note(kind)
      return hit
    }
    if (suffers('lose_answer')) return
    if (suffers('reset')) {
      time.after(this.delay(device), () => client.reject(unreachable('ECONNRESET')))
      return
    }
    const { status, headers } = response
    const shown = suffers('cut_answer') ? cut(text, chance) : text
    const body = status === 204 || status === 304 ? null : shown
    time.after(this.delay(device), () => client.resolve(new Response(body, { status, headers })))
  }

  private delay(device: number): number {
    const { chance, windows } = this.parts
    const isDelayed = chance.hits(windows.probability('delay', device))
    if (isDelayed) windows.note('delay')
    const [from, to] = isDelayed ? DELAYED_MS : USUAL_MS
    return chance.int(from, to)
  }
}

interface Client {
  readonly resolve: (response: Response) => void
  readonly reject: (error: unknown) => void
}
/** Who would hear the answer to a copy of a request. */
const NOBODY: Client = { resolve: () => undefined, reject: () => undefined }

const cut = (text: string, chance: Chance): string =>
  text.slice(0, chance.int(0, Math.max(0, text.length - 1)))
