import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'

const ROOT = path.resolve(import.meta.dirname, '../..')
export const KUBERNETES = 'ops/kubernetes'
const requireHere = createRequire(import.meta.url)

export interface Manifest {
  readonly file: string
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly [key: string]: unknown
}

/** Every object of the folder, with the file that it stands in. */
export function readManifests(): readonly Manifest[] {
  const files = readdirSync(path.join(ROOT, KUBERNETES)).filter((name) => name !== 'kustomization.yml')
  return files.flatMap((file) =>
    parseAllDocuments(readFileSync(path.join(ROOT, KUBERNETES, file), 'utf8')).map((document) => {
      if (document.errors.length > 0) throw document.errors[0]
      return { file, ...(document.toJS() as Omit<Manifest, 'file'>) } as Manifest
    }),
  )
}

type Validate = ((manifest: object) => boolean) & {
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[]
}

/** By the schemas of Kubernetes' own API, as the package has them compiled; null for a kind that there is not. */
function validatorOf({ apiVersion, kind }: Manifest): Validate | null {
  const [group = '', version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion]
  const [first = ''] = group.split('.')
  const name = `IoK8sApi${capital(first)}${capital(version ?? '')}${kind}`
  const file = `kubernetes-models/_schemas/${name}.js`
  if (!existsSync(path.join(ROOT, 'node_modules', file))) return null
  return (requireHere(path.join(ROOT, 'node_modules', file)) as { readonly validate: Validate }).validate
}

const capital = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`

/** What is wrong with an object by the schema of its kind, and its fields that the schema doesn't have: a cluster drops those without a word. */
export function faultsOf(manifest: Manifest): readonly string[] {
  const validate = validatorOf(manifest)
  if (!validate) return [`there is no ${manifest.apiVersion} ${manifest.kind}`]
  const { file: _, ...object } = manifest
  const unread = new Set<string>()
  if (!validate(watch(object, '', unread) as object))
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  return [...unread].map((place) => `${place} is unknown`)
}

/** The same value; what is under it stands in `unread` until it is asked for by its name. A schema asks for all that it knows. */
function watch(value: unknown, at: string, unread: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  const parts = Object.entries(value).map(
    ([key, part]) => [key, watch(part, `${at}/${key}`, unread)] as const,
  )
  if (!Array.isArray(value)) for (const [key] of parts) unread.add(`${at}/${key}`)
  const target = Array.isArray(value) ? parts.map(([, part]) => part) : Object.fromEntries(parts)
  return new Proxy(target, {
    get(object, key) {
      unread.delete(`${at}/${String(key)}`)
      return Reflect.get(object, key) as unknown
    },
  })
}
