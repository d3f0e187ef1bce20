import { describe, expect, it } from 'vitest'
import { CHAIN_MAX } from '#lib/engine/chain-links.ts'
import { DEVICE_ROUTES } from '#lib/http/device-api.ts'
import { INGEST_ROUTES } from '#lib/http/ingest/ingest-api.ts'
import { openApiDocument } from '#lib/http/openapi.ts'
import { UUID } from '#lib/kernel/uuid.ts'

const text = JSON.stringify(openApiDocument())
const document = JSON.parse(text) as {
  openapi: string
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>
}
interface Schema {
  properties: Record<string, { type?: string; format?: string; maxItems?: number }>
  required: string[]
}

describe('the contract of the device API', () => {
  it('is OpenAPI 3.1 whose references all resolve', () => {
    expect(document.openapi).toBe('3.1.0')
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, pointer = '']) => pointer)
    expect(references.length).toBeGreaterThan(0)
    for (const pointer of new Set(references)) {
      const target = pointer
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document)
      expect(target, pointer).toBeTypeOf('object')
    }
  })

  it('names every route that is served, and no other', () => {
    const served = [
      ...[...DEVICE_ROUTES].map(([path, { method }]) => `${method} ${path}`),
      ...[...INGEST_ROUTES.keys()]
        .filter((path) => path.startsWith('/api/v1/'))
        .map((path) => `POST ${path}`),
    ]
    const told = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} /api/v1${path}`),
    )
    expect(told.sort()).toEqual(served.sort())
  })

  it('tells what the edge demands of a push', () => {
    const schema = document.paths['/push']?.['post']?.requestBody?.content['application/json']?.schema
    expect(schema?.required).toEqual(['requestId', 'sessionId', 'epoch', 'report', 'mutations'])
    expect(schema?.properties['requestId']).toEqual({ type: 'string', format: 'uuid', pattern: UUID.source })
    expect(schema?.properties['mutations']).toMatchObject({ type: 'array', maxItems: 500 })
  })

  it('[AF2] tells how far links are followed', () => {
    expect(document.paths['/push']?.['post']).toMatchObject({
      description: expect.stringContaining(`${CHAIN_MAX} links`) as string,
    })
  })

  it('tells of the ETag where an answer has one', () => {
    const withEtag = [...text.matchAll(/"ETag":/g)].length
    expect(withEtag).toBe(4)
    for (const path of ['/config', '/pull'])
      expect(JSON.stringify(document.paths[path]?.['get'])).toMatch(/"200":.*"ETag":.*"304":.*"ETag":/)
  })

  it('bears fields that nobody has named yet', () => {
    expect(text).not.toContain('"additionalProperties":false')
  })
})
