import { z } from 'zod'
import { badRequest, parsedOrThrow } from '#lib/application/errors.ts'
import { HEADERS } from '#lib/protocol/device.ts'
import { COLLECTIONS_PER_FLEET_MAX, PULL_CHANGES_MAX, TOKEN_TEXT_MAX } from '#lib/protocol/limits.ts'
import { COLLECTION_NAME, collectionName } from '#lib/protocol/mutation.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import { deviceReport } from '#lib/protocol/report.ts'
import { usualReport } from '#lib/protocol/usual-report.ts'
import type { AskedHeaders } from './asked.ts'

const query = z.object({
  token: z.string().max(TOKEN_TEXT_MAX).nullable(),
  collections: z.array(collectionName).max(COLLECTIONS_PER_FLEET_MAX).nullable(),
  limit: z.int().min(1).max(PULL_CHANGES_MAX),
  /** Long texts by what came to them since the token, or whole. */
  texts: z.enum(['since', 'whole']),
})
/** As most pulls have it: nothing in it needs decoding. */
const USUAL =
  /^[^?#]*\?(?:collections=([a-z0-9-]+)&)?(?:limit=([1-9]\d{0,2})&)?(?:texts=(since|whole)&)?token=([\w-]+)$/

/** A request's address may begin with its path. */
const ANY_HOST = 'http://localhost'

/** `?token=…&collections=a,b&limit=500`. @throws ApplicationError `bad_request` */
export function pullQuery(url: string): z.infer<typeof query> {
  const usual = usualQuery(url)
  if (usual) return usual
  const params = new URL(url, ANY_HOST).searchParams
  const limit = params.get('limit')
  return parsedOrThrow(query, {
    token: params.get('token'),
    collections: params.get('collections')?.split(',') ?? null,
    limit: limit === null ? PULL_CHANGES_MAX : Number(limit),
    texts: params.get('texts') ?? 'whole',
  })
}

function usualQuery(url: string): z.infer<typeof query> | null {
  const [, collection, digits, texts, token] = USUAL.exec(url) ?? []
  if (collection !== undefined && !COLLECTION_NAME.test(collection)) return null
  const limit = Number(digits ?? PULL_CHANGES_MAX)
  const fits = token !== undefined && token.length <= TOKEN_TEXT_MAX && limit <= PULL_CHANGES_MAX
  const collections = collection === undefined ? null : [collection]
  return fits ? { token, collections, limit, texts: texts === 'since' ? texts : 'whole' } : null
}

/** The device's report, which a pull carries as JSON in a header; null without one. @throws ApplicationError `bad_request` */
export function reportHeader(headers: AskedHeaders): DeviceReport | null {
  const text = headers.get(HEADERS.report)
  if (text === null) return null
  const value = parsed(text)
  return usualReport(value) ?? parsedOrThrow(deviceReport, value)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes what was sent.
    throw badRequest([{ path: '', message: 'Tidemark-Report must be JSON' }])
  }
}
