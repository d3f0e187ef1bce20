import { describe, expect, it } from 'vitest'
import { ADMIN_CONTRACT } from '#lib/http/admin/contract.ts'
import { adminOpenApiDocument } from '#lib/http/admin/openapi-admin.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import { ERROR_CODES } from '#lib/protocol/error-codes.ts'
import { operatorBreaches } from '#tests/support/by-contract.ts'

const text = JSON.stringify(adminOpenApiDocument())
interface Body {
  content: Record<string, { schema: { properties: Record<string, object>; additionalProperties?: boolean } }>
}
interface Operation {
  'x-tidemark-role': string
  parameters: { name: string; in: string }[]
  requestBody?: Body
  responses: Record<string, { description: string }>
}
const document = JSON.parse(text) as { openapi: string; paths: Record<string, Record<string, Operation>> }
const operation = (method: string, path: string): Operation => {
  const found = document.paths[path]?.[method]
  if (!found) throw new Error(`no ${method} ${path}`)
  return found
}

describe('the contract of the operator API', () => {
  it('names every route that is served with its role, and no other', () => {
    expect(document.openapi).toBe('3.1.0')
    const told = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, one]) => `${method} ${path} ${one['x-tidemark-role']}`),
    )
    const served = ADMIN_ROUTES.map(
      ({ method, pattern, role }) =>
        `${method.toLowerCase()} ${pattern.replaceAll(/:(\w+)/g, '{$1}')} ${role}`,
    )
    expect(told.sort()).toEqual(served.sort())
    expect(Object.keys(ADMIN_CONTRACT).sort()).toEqual(
      ADMIN_ROUTES.map(({ method, pattern }) => `${method} ${pattern}`).sort(),
    )
  })

  it('tells what every list takes, and what a fleet’s list takes beside', () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      if (!JSON.stringify(operations['get'] ?? {}).includes('"nextCursor"')) continue
      const names = operation('get', path).parameters.map(({ name }) => name)
      // Members of an operation stand in the order in which they run, devices of a restore by their ids.
      const range = ['/operations/{id}/items', '/restore/devices'].includes(path) ? [] : ['from', 'to']
      expect(names, path).toEqual(expect.arrayContaining(['cursor', 'limit', 'fleet', ...range]))
    }
    const sessions = operation('get', '/sessions').parameters.map(({ name }) => name)
    expect(sessions).toEqual(expect.arrayContaining(['q']))
    expect(sessions).not.toContain('fromMs')
    const devices = operation('get', '/devices').parameters.map(({ name }) => name)
    expect(devices).toEqual(expect.arrayContaining(['q', 'sort']))
  })

  it('tells what the verbs parse with, and that they refuse what they do not know', () => {
    const { schema } = operation('post', '/collections').requestBody?.content['application/json'] ?? {}
    expect(Object.keys(schema?.properties ?? {})).toEqual(
      expect.arrayContaining(['fleet', 'name', 'strategy', 'schema', 'rules', 'authority']),
    )
    expect(schema?.additionalProperties).toBe(false)
  })

  it('names the codes of each operation under their statuses, and what else an answer says breaks it', async () => {
    const { responses } = operation('delete', '/fleets/{id}')
    expect(responses['409']?.description).toContain('devices_enrolled')
    const answerWith = (
      code: 'stale_version' | 'devices_enrolled',
      status: number = ERROR_CODES[code].status,
    ) =>
      Response.json(
        { type: 't', title: 't', status, code },
        { status, headers: { 'content-type': 'application/problem+json' } },
      )
    const told = (answer: Response) => operatorBreaches('DELETE', '/fleets/x?a=b', answer)
    expect(await told(answerWith('devices_enrolled'))).toEqual([])
    expect((await told(answerWith('stale_version'))).length).toBeGreaterThan(0)
    expect(await told(answerWith('stale_version', 418))).toEqual(['status 418 is not named'])
    expect((await told(Response.json({ id: 'x' }))).join()).toContain('name')
  })
})
