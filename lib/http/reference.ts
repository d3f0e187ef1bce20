/** What a person reads of one operation of a contract. */
export interface ReferenceOperation {
  /** Place in the page, the same for the same operation. */
  readonly id: string
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly description: string | null
  readonly parameters: readonly { readonly name: string; readonly at: string; readonly required: boolean }[]
  /** JSON Schema of the body; null for an operation without one. */
  readonly body: string | null
  readonly answers: readonly {
    readonly status: string
    readonly description: string
    /** Null for errors (`default` among them), which all are problem documents. */
    readonly schema: string | null
  }[]
}

/** Only what is read here of an OpenAPI document. */
interface Document {
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}
interface Operation {
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
}
type Content = Readonly<Record<string, { readonly schema?: object }>>

const ERRORS_FROM = 400

/** The operations of one of our OpenAPI documents, in its order. */
export function referenceOf(openApi: object): readonly ReferenceOperation[] {
  const { servers, paths } = openApi as Document
  const base = servers[0]?.url ?? ''
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: `${method}${base}${path}`.replaceAll(/[^a-z0-9]+/g, '-'),
      method: method.toUpperCase(),
      path: base + path,
      summary: operation.summary,
      description: operation.description ?? null,
      parameters: (operation.parameters ?? []).map(({ name, in: at, required = false }) => ({
        name,
        at,
        required,
      })),
      body: schemaText(operation.requestBody?.content),
      answers: Object.entries(operation.responses).map(([status, { description, content }]) => ({
        status,
        description,
        schema: Number(status) < ERRORS_FROM ? schemaText(content) : null,
      })),
    })),
  )
}

function schemaText(content: Content | undefined): string | null {
  const [kind] = Object.values(content ?? {})
  return kind?.schema === undefined ? null : JSON.stringify(kind.schema, null, 1)
}
