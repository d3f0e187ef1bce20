import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

const LOOK_TIMEOUT_MS = 1_000
/** Who says no, or is gone, is out at once; who only takes long, on a busy machine, is so after this many looks. */
const SLOW_LOOKS_MAX = 3

/** As a Service of Kubernetes is: it passes connections on, and knows nothing of requests. */
export interface Balancer {
  readonly url: string
  /** Resolves when all, or as many as are named, take connections. */
  ready(count?: number): Promise<void>
  /** Connections that a target took no more, though it had said that it would. */
  refused(): number
  /** Connections for which no target was there. */
  homeless(): number
  close(): Promise<void>
}

/**
 * Gives each new connection to the next of the targets whose `/readyz` said yes when it was looked at last. Nothing is
 * tried again, and a connection stays where it is until one of its ends closes it.
 * @param targets base URLs, each for one process after the other
 */
export async function startBalancer(targets: readonly string[], lookEveryMs: number): Promise<Balancer> {
  const ready = new Set<string>()
  const sockets = new Set<Socket>()
  let turn = 0
  let [refused, homeless, isOver] = [0, 0, false]

  const server = createServer((client) => {
    const open = targets.filter((url) => ready.has(url))
    const target = open[turn++ % open.length]
    if (target === undefined) {
      homeless += 1
      return void client.destroy()
    }
    const { hostname, port } = new URL(target)
    const behind = connect(Number(port), hostname)
    behind.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') refused += 1
    })
    for (const [from, to] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(from)
      from.once('close', () => (sockets.delete(from), to.destroy()))
      from.on('error', () => to.destroy())
      from.setNoDelay(true)
      from.pipe(to)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  async function watch(target: string): Promise<void> {
    for (let slow = 0; !isOver; await pause(lookEveryMs)) {
      const said = await look(target)
      slow = said === 'slow' ? slow + 1 : 0
      if (said === 'ready') ready.add(target)
      else if (said === 'no' || slow >= SLOW_LOOKS_MAX) ready.delete(target)
    }
  }
  const watching = Promise.all(targets.map(watch))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async ready(count = targets.length) {
      while (ready.size < count && !isOver) await pause(lookEveryMs / 4)
    },
    refused: () => refused,
    homeless: () => homeless,
    async close() {
      isOver = true
      for (const socket of sockets) socket.destroy()
      server.close()
      await watching
    },
  }
}

const look = (target: string): Promise<'ready' | 'no' | 'slow'> =>
  fetch(`${target}/readyz`, { signal: AbortSignal.timeout(LOOK_TIMEOUT_MS) }).then(
    async (answer) => (await answer.text(), answer.ok ? 'ready' : 'no'),
    (error: Error) => (error.name === 'TimeoutError' ? 'slow' : 'no'),
  )
