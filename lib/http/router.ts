import type { Context } from '#lib/application/context.ts'
import { DEVICE_ROUTES } from './device-api.ts'
import { DEVICE_API_PREFIX, refuseUnknown, serveDevice } from './device-route.ts'
import { livez, readyz } from './health.ts'

export type Handler = (request: Request) => Promise<Response>

export interface RouterOptions {
  readonly ctx: Context
  readonly metrics: Handler
  readonly isDraining: () => boolean
}

/** What the server answers ahead of Next: the device API and the probes (decision 11). */
export interface Router {
  /** True for a path that `handle` answers; `path` has no query. */
  owns(path: string): boolean
  /** Null for a path that is not ours. */
  handle(request: Request): Promise<Response | null>
}

export function createRouter({ ctx, metrics, isDraining }: RouterOptions): Router {
  const handlers = new Map<string, Handler>([
    ['/livez', async () => livez()],
    ['/readyz', () => readyz(() => ctx.storage.ping(), isDraining)],
    ['/metrics', metrics],
  ])
  for (const [path, route] of DEVICE_ROUTES) handlers.set(path, (request) => serveDevice(ctx, route, request))
  return {
    owns: (path) => handlers.has(path) || path.startsWith(DEVICE_API_PREFIX),
    handle: async (request) => {
      const { pathname } = new URL(request.url)
      const handler = handlers.get(pathname)
      if (handler !== undefined) return handler(request)
      return pathname.startsWith(DEVICE_API_PREFIX) ? refuseUnknown(ctx, request) : null
    },
  }
}
