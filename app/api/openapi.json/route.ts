import { openApiDocument } from '#lib/http/openapi.ts'

const document = openApiDocument()

/** GET /api/openapi.json: the device API's contract. Public: it holds nothing of any fleet. */
export const GET = (): Response => Response.json(document, { headers: { 'cache-control': 'no-cache' } })
