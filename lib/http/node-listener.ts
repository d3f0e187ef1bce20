import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { toResponse, writeWhole } from './answer.ts'
import { PlainRequest } from './asked.ts'
import type { Router } from './router.ts'
import { ANSWER_SECURITY } from './security-lines.ts'

/** Answers a request of Node's own server; false leaves it to whoever comes next. */
export type NodeListener = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<boolean>

/** The router under `node:http`, without Next in between: some fifteen times the requests a core. */
export function createNodeListener(router: Router): NodeListener {
  const listener = getRequestListener(
    async (request, { outgoing }) => {
      const answer = await router.answer(request)
      const isWhole = answer !== null && !(answer instanceof Response)
      if (isWhole && writeWhole(answer, outgoing as ServerResponse)) return RESPONSE_ALREADY_SENT
      for (const name in ANSWER_SECURITY) outgoing.setHeader(name, ANSWER_SECURITY[name] as string)
      if (answer === null) return new Response(null, { status: 404 })
      return answer instanceof Response ? answer : toResponse(answer)
    },
    {
      // Next, in the same process, needs its own Request and Response.
      overrideGlobalObjects: false,
    },
  )
  return async (incoming, outgoing) => {
    const path = pathOf(incoming.url ?? '/')
    const plain = incoming.method === 'GET' ? router.plain(path) : null
    if (plain) {
      writeWhole(await plain(new PlainRequest(incoming)), outgoing)
      return true
    }
    if (!router.owns(path)) return false
    await listener(incoming, outgoing)
    return true
  }
}

const pathOf = (url: string): string => url.split('?', 1)[0] as string
