import { Validator } from '@cfworker/json-schema'
import type { Schema } from '@cfworker/json-schema'
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

const contract = JSON.parse(JSON.stringify(openApiDocument())) as Contract
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
  return [...missing, ...(await breachesOfBody(answers ?? {}, answer))]
}

async function breachesOfBody({ content = {} }: Answers, answer: Response): Promise<readonly string[]> {
  const type = answer.headers.get('content-type')?.split(';', 1)[0] ?? null
  const [wanted] = Object.keys(content)
  if (wanted === undefined || type !== wanted)
    return type === (wanted ?? null) ? [] : [`${type}, not ${wanted}`]
  if (type === 'text/event-stream') return []
  const schema = content[type]?.schema as Schema
  const body: unknown = await answer.clone().json()
  const { errors } = validatorOf(schema).validate(body)
  return errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`)
}

function validatorOf(schema: Schema): Validator {
  const known = validators.get(schema)
  if (known) return known
  const made = new Validator({ ...schema, components: contract.components }, '2020-12', false)
  validators.set(schema, made)
  return made
}
