import type { Context } from '#lib/application/context.ts'
import { ApplicationError, badRequest } from '#lib/application/errors.ts'
import { problemResponse, tellable } from '../problem.ts'
import { readBytes, readJson } from '../read-json.ts'

/** Any failure as problem+json; one of our own is logged, and told without its words. */
export function problemOf(ctx: Pick<Context, 'ids' | 'log' | 'random'>, error: unknown): Response {
  const known = tellable(error, ctx.random)
  if (known) return problemResponse(known, null, allowOf(known))
  const requestId = ctx.ids()
  ctx.log.error('a request failed', {
    requestId,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  return problemResponse(new ApplicationError('internal'), requestId)
}

/** RFC 9110: a 405 says which methods there are. */
function allowOf({ extra }: ApplicationError): Readonly<Record<string, string>> {
  return Array.isArray(extra['allow']) ? { allow: extra['allow'].join(', ') } : {}
}

/** The JSON of a write; `{}` when there is no body. */
export async function readBody(request: Request): Promise<unknown> {
  const { headers, body } = request
  // A server has a stream for every request that may have a body; one that has none says nothing of it.
  const isTold = ['content-length', 'transfer-encoding', 'content-type'].some((name) => headers.has(name))
  const isEmpty = body === null || !isTold || headers.get('content-length') === '0'
  return isEmpty ? {} : readJson(request)
}

/** The fields of a form, or of a flat JSON object of texts. @throws ApplicationError as `readJson` does */
export async function readFields(request: Request): Promise<Readonly<Record<string, string>>> {
  const type = request.headers.get('content-type') ?? ''
  if (/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    return Object.fromEntries(new URLSearchParams(new TextDecoder().decode(await readBytes(request))))
  }
  const body = await readBody(request)
  if (typeof body !== 'object' || body === null)
    throw badRequest([{ path: '', message: 'must be an object' }])
  const fields = Object.entries(body).map(([name, value]): [string, string] => {
    if (typeof value !== 'string' && typeof value !== 'boolean')
      throw badRequest([{ path: `/${name}`, message: 'must be a text' }])
    return [name, String(value)]
  })
  return Object.fromEntries(fields)
}
