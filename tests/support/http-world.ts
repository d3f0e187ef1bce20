import { getRequestListener } from '@hono/node-server'
import { answerAdmin } from '#lib/http/admin/admin-route.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import { createNodeListener } from '#lib/http/node-listener.ts'
import type { TestApp } from './device-world.ts'
import { listen } from './listen.ts'
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
  const { url, close } = await listen((incoming, outgoing) => {
    void devices(incoming, outgoing).then((answered) =>
      answered ? undefined : operators(incoming, outgoing),
    )
  })
  const handle = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url)
    const body = request.body === null ? null : await request.text()
    return fetch(url + pathname + search, { method: request.method, headers: request.headers, body })
  }
  return {
    app: { ...app, router: { ...app.router, handle } },
    admin: (path, init) => fetch(`${url}/api/admin/v1${path}`, init),
    close,
  }
}
