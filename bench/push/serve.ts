import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a server process tells its parent once it listens. */
export interface Listening {
  readonly url: string
}

/** Of this process, all its threads, since it started. */
export interface Usage {
  readonly cpuUs: number
  /** What V8 holds, buffers included. */
  readonly liveBytes: number
}

export interface UsageAsked {
  /** After a collection of garbage. */
  readonly collect?: boolean
}

/**
 * Serves on a free port of this machine until SIGTERM, or until the parent is gone. `facts` are told with the URL; any
 * later message is answered with what the process has used so far.
 */
export async function serve(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  end: () => Promise<void>,
  facts: object = {},
): Promise<void> {
  const server = createServer(listener).listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')
  await once(server, 'listening')
  const stop = (): void => {
    server.close(() => void end().then(() => process.exit(0)))
    server.closeAllConnections()
  }
  process.once('SIGTERM', stop)
  process.once('disconnect', stop)
  process.on('message', (asked: UsageAsked) => process.send?.(usage(asked)))
  const { port } = server.address() as AddressInfo
  process.send?.({ ...facts, url: `http://127.0.0.1:${port}` } satisfies Listening)
}

function usage({ collect = false }: UsageAsked): Usage {
  if (collect) {
    if (!globalThis.gc) throw new Error('Node must be started with --expose-gc')
    globalThis.gc()
  }
  const { user, system } = process.cpuUsage()
  const { heapUsed, external } = process.memoryUsage()
  return { cpuUs: user + system, liveBytes: heapUsed + external }
}
