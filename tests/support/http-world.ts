import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { answerAdmin } from '#lib/http/admin/admin-route.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import { createNodeListener } from '#lib/http/node-listener.ts'
import type { TestApp } from './device-world.ts'
import { SETTINGS } from './operator-world.ts'

/** An application behind a socket of its own: devices and operators reach it over HTTP. */
export interface HttpWorld {
  /** The same application, whose router goes over the wire. */
  readonly app: TestApp
  /** `/api/admin/v1` + path. */
  readonly admin: (path: string, init?: RequestInit) => Promise<Response>
  close(): Promise<void>
}

export async function overHttp(app: TestApp): Promise<HttpWorld> {
  const devices = createNodeListener(app.router)
  const operators = getRequestListener((request) => answerAdmin(app.ctx, SETTINGS, ADMIN_ROUTES, request), {
    overrideGlobalObjects: false,
  })
  const server = createServer((incoming, outgoing) => {
    void devices(incoming, outgoing).then((answered) =>
      answered ? undefined : operators(incoming, outgoing),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const handle = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url)
    const body = request.body === null ? null : await request.text()
    return fetch(base + pathname + search, { method: request.method, headers: request.headers, body })
  }
  return {
    app: { ...app, router: { ...app.router, handle } },
    admin: (path, init) => fetch(`${base}/api/admin/v1${path}`, init),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
