import { adminOpenApiDocument } from '#lib/http/admin/openapi-admin.ts'

const document = adminOpenApiDocument()

/** GET /api/admin/openapi.json: the operator API's contract. Public: it holds nothing of any fleet. */
export const GET = (): Response => Response.json(document, { headers: { 'cache-control': 'no-cache' } })
