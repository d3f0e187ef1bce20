import type { Context } from '#lib/application/context.ts'
import type { Answer } from './answer.ts'
import { toResponse } from './answer.ts'
import type { Asked } from './asked.ts'
import { DEVICE_ROUTES } from './device-api.ts'
import { DEVICE_API_PREFIX, refuseUnknown, serveDevice } from './device-route.ts'
import { INGEST_ROUTES, OTLP_PREFIX } from './ingest/ingest-api.ts'
import { serveIngest } from './ingest/ingest-route.ts'
import { livez, readyz } from './health.ts'

export type Handler = (request: Request) => Promise<Response>

export interface RouterOptions {
  readonly ctx: Context
  readonly metrics: Handler
  readonly isDraining: () => boolean
}

/** What the server answers ahead of Next: the device API, the probes and the figures. */
export interface Router {
  /** True for a path that `handle` answers; `path` has no query. */
  owns(path: string): boolean
  /** Of a path whose GET is answered whole, without a Request; null for all others, which `answer` is for. */
  plain(path: string): ((request: Asked) => Promise<Answer>) | null
  /** Null for a path that is not ours. */
  answer(request: Request): Promise<Answer | Response | null>
  /** The same, always as a Response. */
  handle(request: Request): Promise<Response | null>
}

export function createRouter({ ctx, metrics, isDraining }: RouterOptions): Router {
  const handlers = new Map<string, Handler>([
    ['/livez', async () => livez()],
    ['/readyz', () => readyz(() => ctx.storage.ping(), isDraining)],
    ['/metrics', metrics],
  ])
  const answer = async (request: Request): Promise<Answer | Response | null> => {
    const path = pathOf(request.url)
    const route = DEVICE_ROUTES.get(path)
    if (route) return serveDevice(ctx, route, request)
    const ingest = INGEST_ROUTES.get(path)
    if (ingest) return serveIngest(ctx, ingest, request)
    const handler = handlers.get(path)
    if (handler) return handler(request)
    return isContracts(path) ? refuseUnknown(ctx, request) : null
  }
  return {
    owns: (path) => handlers.has(path) || isContracts(path),
    plain: (path) => {
      const route = DEVICE_ROUTES.get(path)
      if (route?.method !== 'GET' || route.isStream) return null
      return (request) => serveDevice(ctx, route, request)
    },
    answer,
    handle: async (request) => {
      const answered = await answer(request)
      return answered === null || answered instanceof Response ? answered : toResponse(answered)
    },
  }
}

const isContracts = (path: string): boolean =>
  path.startsWith(DEVICE_API_PREFIX) || path.startsWith(OTLP_PREFIX)

/** Of the absolute URL of a request, which is normalized already. */
function pathOf(url: string): string {
  const path = url.slice(url.indexOf('/', url.indexOf('//') + 2))
  const end = path.search(/[?#]/)
  return end === -1 ? path : path.slice(0, end)
}
