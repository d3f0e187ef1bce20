import { z } from 'zod'
import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import { ERROR_CODES } from '#lib/protocol/error-codes.ts'
import { problem } from '../openapi-answers.ts'
import { content, schemaOf } from '../openapi-parts.ts'
import type { AdminOperation } from './operation.ts'
import { ADMIN_CONTRACT } from './contract.ts'
import { ADMIN_ROUTES } from './routes.ts'
import type { AdminRoute } from './table.ts'

const EVERY_CODE: readonly ErrorCode[] = [
  'unauthorized',
  'forbidden',
  'not_found',
  'bad_request',
  'method_not_allowed',
  'internal',
  'database_unavailable',
  'shed',
  'rate_limited',
]
/** Of a call that has a body. */
const BODY_CODES: readonly ErrorCode[] = [
  'bad_origin',
  'malformed_json',
  'too_deep',
  'body_too_large',
  'unsupported_media_type',
]

const SCOPES = {
  fleet: 'in the fleet',
  everywhere: 'in every fleet',
  anywhere: 'in any fleet; what is shown and changed is of those',
} as const

/** The contract of the operator API as OpenAPI 3.1, from the schemas that the verbs parse with. */
export function adminOpenApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of ADMIN_ROUTES) {
    const path = route.pattern.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describe(route, operationOf(route)) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tidemark operator API',
      version: '1',
      description:
        'JSON over HTTP. Errors are application/problem+json with a stable `code`. A role includes those below it: viewer, operator, admin. Unknown fields are refused.',
    },
    servers: [{ url: '/api/admin/v1' }],
    security: [{ key: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'tmk_… of an operator' },
        session: { type: 'apiKey', in: 'cookie', name: 'tidemark.session', description: 'Of the console' },
      },
      schemas: { Problem: schemaOf(problem, 'output') },
    },
  }
}

const operationOf = ({ method, pattern }: AdminRoute): AdminOperation => {
  const operation = ADMIN_CONTRACT[`${method} ${pattern}`]
  if (!operation) throw new Error(`${method} ${pattern} stands in no contract`)
  return operation
}

function describe(route: AdminRoute, operation: AdminOperation): object {
  const { summary, body, bodyRequired = true } = operation
  const { status, role, scope, method } = route
  return {
    summary,
    description: `Role: ${role}, ${SCOPES[scope]}.${route.recent ? ' Of people it takes a sign-in of the last 30 minutes.' : ''}`,
    'x-tidemark-role': role,
    parameters: parametersOf(route, operation),
    ...(body && {
      requestBody: {
        required: bodyRequired,
        ...content('application/json', withFleet(route, schemaOf(body, 'input', 'refused'))),
      },
    }),
    responses: {
      [status]: {
        description: summary,
        ...answerContent(operation),
      },
      ...problemsOf([
        ...EVERY_CODE,
        ...(method === 'GET' ? [] : BODY_CODES),
        ...(route.recent ? (['sign_in_again'] as const) : []),
        ...(operation.codes ?? []),
      ]),
    },
  }
}

const TEXT = { schema: { type: 'string' } }

function answerContent({ answer, markdown }: AdminOperation): object {
  if (answer === 'events') return content('text/event-stream', TEXT.schema)
  if (answer === 'file') return { content: { 'text/csv': TEXT, 'application/x-ndjson': TEXT } }
  const json = { 'application/json': { schema: schemaOf(answer, 'output') } }
  return { content: markdown ? { ...json, 'text/markdown': TEXT } : json }
}

/** A call about one fleet may name it in its body as well as in its query. */
function withFleet({ scope }: AdminRoute, schema: object): object {
  const { properties } = schema as { properties?: object }
  if (scope !== 'fleet' || !properties) return schema
  return { ...schema, properties: { ...properties, fleet: FLEET } }
}
const FLEET = { type: 'string', format: 'uuid' }

function parametersOf({ pattern, scope }: AdminRoute, { query }: AdminOperation): readonly object[] {
  const inPath = [...pattern.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: name === 'scope' ? { type: 'string' } : FLEET,
  }))
  const { properties = {}, required = [] } = schemaOf(query ?? z.strictObject({}), 'input') as {
    properties?: Record<string, object>
    required?: readonly string[]
  }
  const named = scope === 'fleet' ? { ...properties, fleet: FLEET } : properties
  const inQuery = Object.entries(named).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
  return [...inPath, ...inQuery]
}

/** One answer a status, which names the codes that come with it. */
function problemsOf(codes: readonly ErrorCode[]): Record<string, object> {
  const statuses = [...new Set(codes.map((code) => ERROR_CODES[code].status))].sort((a, b) => a - b)
  return Object.fromEntries(
    statuses.map((status) => {
      const own = codes.filter((code) => ERROR_CODES[code].status === status)
      const schema = {
        allOf: [{ $ref: '#/components/schemas/Problem' }],
        properties: { code: { enum: own } },
      }
      const description = own.map((code) => `${code}: ${ERROR_CODES[code].title}`).join('; ')
      return [status, { description, ...content('application/problem+json', schema) }]
    }),
  )
}
