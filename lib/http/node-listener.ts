import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Router } from './router.ts'

/** Answers a request of Node's own server; false leaves it to whoever comes next. */
export type NodeListener = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<boolean>

/** The router under `node:http`, without Next in between: some fifteen times the requests a core (decision 11). */
export function createNodeListener(router: Router): NodeListener {
  const listener = getRequestListener(
    async (request) => (await router.handle(request)) ?? new Response(null, { status: 404 }),
    {
      // Next, in the same process, needs its own Request and Response.
      overrideGlobalObjects: false,
    },
  )
  return async (incoming, outgoing) => {
    if (!router.owns(pathOf(incoming.url ?? '/'))) return false
    await listener(incoming, outgoing)
    return true
  }
}

const pathOf = (url: string): string => url.split('?', 1)[0] as string
