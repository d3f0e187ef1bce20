import { Validator } from '@cfworker/json-schema'
import type { Schema } from '@cfworker/json-schema'
import { adminOpenApiDocument } from '#lib/http/admin/openapi-admin.ts'
import { openApiDocument } from '#lib/http/openapi.ts'

interface Answers {
  readonly headers?: Readonly<Record<string, { readonly required: boolean }>>
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>
}
interface Contract {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Answers>> }>>>
  >
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

const readable = (document: object): Contract => JSON.parse(JSON.stringify(document)) as Contract
const contract = readable(openApiDocument())
const operators = readable(adminOpenApiDocument())
const validators = new Map<Schema, Validator>()

/** What an answer of the device API breaks of the contract at /api/openapi.json; empty when it keeps to it. */
export async function breaches(method: string, path: string, answer: Response): Promise<readonly string[]> {
  const name = path.split('?', 1)[0]?.replace('/api/v1', '') ?? ''
  const operation = contract.paths[name]?.[method.toLowerCase()]
  const told = operation?.responses[answer.status] ?? operation?.responses['default']
  // A method or path that there is none of is answered by the contract all the same.
  const answers = told ?? contract.paths['/config']?.['get']?.responses['default']
  const missing = Object.entries(answers?.headers ?? {})
    .filter(([header, { required }]) => required && !answer.headers.has(header))
    .map(([header]) => `no ${header}`)
  return [...missing, ...(await breachesOfBody(contract, answers ?? {}, answer))]
}

/**
 * The same for the operator API and /api/admin/openapi.json; `path` is below /api/admin/v1. A path that there is none
 * of says nothing. The bodies of streams are not read.
 */
export async function operatorBreaches(
  method: string,
  path: string,
  answer: Response,
): Promise<readonly string[]> {
  const parts = (path.split('?', 1)[0] ?? '').split('/')
  const isOf = (pattern: string): boolean => {
    const names = pattern.split('/')
    return (
      names.length === parts.length && names.every((name, i) => name.startsWith('{') || name === parts[i])
    )
  }
  const name = Object.keys(operators.paths).find(isOf)
  const operation = operators.paths[name ?? '']?.[method.toLowerCase()]
  if (!operation) return []
  const answers = operation.responses[answer.status]
  return answers ? breachesOfBody(operators, answers, answer) : [`status ${answer.status} is not named`]
}

const TEXTS = new Set(['text/event-stream', 'text/csv', 'application/x-ndjson', 'text/markdown'])

async function breachesOfBody(
  of: Contract,
  { content = {} }: Answers,
  answer: Response,
): Promise<readonly string[]> {
  const type = answer.headers.get('content-type')?.split(';', 1)[0] ?? null
  const [wanted] = Object.keys(content)
  // A text that is no JSON has no schema to keep to.
  if (type !== null && TEXTS.has(type)) return type in content ? [] : [`${type}, not ${wanted}`]
  if (wanted === undefined || type !== wanted)
    return type === (wanted ?? null) ? [] : [`${type}, not ${wanted}`]
  const schema = content[type]?.schema as Schema
  const body: unknown = await answer.clone().json()
  const { errors } = validatorOf(of, schema).validate(body)
  return errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`)
}

function validatorOf(of: Contract, schema: Schema): Validator {
  const known = validators.get(schema)
  if (known) return known
  const made = new Validator({ ...schema, components: of.components }, '2020-12', false)
  validators.set(schema, made)
  return made
}

/** Hands the answer on when it keeps to the contract of the operator API. @throws Error with what it breaks */
export async function heldToContract(method: string, path: string, answer: Response): Promise<Response> {
  const found = await operatorBreaches(method, path, answer)
  if (found.length > 0) throw new Error(`${method} ${path}, ${answer.status}: ${found.join('; ')}`)
  return answer
}
