import { readFileSync } from 'node:fs'
import path from 'node:path'

/** One declaration of a module, as text. */
interface Declaration {
  readonly module: string
  readonly name: string
  readonly text: string
}
interface Module {
  readonly declarations: ReadonlyMap<string, Declaration>
  /** What an imported or re-exported name is elsewhere. */
  readonly links: ReadonlyMap<string, { readonly module: string; readonly name: string }>
}

const LINK = /^(?:import|export)(?: type)? \{([^}]*)\} from '([^']+)';?$/
const WHOLE_IMPORT = /^import(?: type)? ([\w$]+) from '([^']+)';?$/
const DECLARATION =
  /^(?:export )?(?:declare )?(?:const|function|class|interface|type|abstract class) ([A-Za-z_$][\w$]*)/
const IDENTIFIER = /(?<![.\w$'"])[A-Za-z_$][\w$]*/g

/**
 * All that an entry's declarations need, in one text, by name: what the compiler writes is regular enough for that.
 * @throws when a declaration reaches into a package, or two that are needed have one name
 */
export function bundleTypes(folder: string, entry: string): string {
  const modules = new Map<string, Module>()
  const moduleOf = (file: string): Module => {
    const known = modules.get(file) ?? readModule(folder, file)
    modules.set(file, known)
    return known
  }
  const taken = new Map<string, Declaration>()
  const take = (file: string, name: string): void => {
    const { declarations, links } = moduleOf(file)
    const link = links.get(name)
    if (link?.module.startsWith('package ')) throw new Error(`${file}: ${name} is of ${link.module}`)
    if (link) return take(link.module, link.name)
    const declaration = declarations.get(name)
    if (!declaration) return
    const same = taken.get(name)
    if (same === declaration) return
    if (same) throw new Error(`${name} is declared in ${same.module} and in ${file}`)
    taken.set(name, declaration)
    for (const [used] of withoutComments(declaration.text).matchAll(IDENTIFIER)) take(file, used)
  }
  const entryModule = moduleOf(entry)
  const exported = [...entryModule.links.keys()]
  for (const name of exported) take(entry, name)
  const texts = [...taken.values()].map(({ name, text }) => {
    const isType = /(?:^|\n)(?:export )?(?:declare )?(?:interface|type) /.test(text)
    // Types are all for the user; values only where the entry exports them.
    return isType || exported.includes(name) ? withExport(text) : withoutExport(text)
  })
  return `${texts.join('\n')}\nexport {};\n`
}

function readModule(folder: string, file: string): Module {
  const declarations = new Map<string, Declaration>()
  const links = new Map<string, { module: string; name: string }>()
  for (const statement of statementsOf(readFileSync(path.join(folder, file), 'utf8'))) {
    const bare = withoutComments(statement).trim().replaceAll(/\s+/g, ' ')
    const link = LINK.exec(bare)
    if (link) {
      const [, names = '', specifier = ''] = link
      for (const part of names.split(',')) {
        const [name = '', local = name] = part
          .replace(/^\s*type /, '')
          .trim()
          .split(' as ')
        if (name !== '') links.set(local, { module: resolveModule(file, specifier), name })
      }
      continue
    }
    const [, whole, from = ''] = WHOLE_IMPORT.exec(bare) ?? []
    if (whole !== undefined) {
      links.set(whole, { module: resolveModule(file, from), name: 'default' })
      continue
    }
    const name = DECLARATION.exec(bare)?.[1]
    if (name !== undefined) declarations.set(name, { module: file, name, text: statement })
    else if (bare !== '' && bare !== 'export {};')
      throw new Error(`${file}: can't bundle: ${bare.slice(0, 80)}`)
  }
  return { declarations, links }
}

/** A statement ends with a line that closes all that it opened; the comment before it belongs to it. */
function statementsOf(text: string): string[] {
  const statements: string[] = []
  let statement = ''
  for (const line of text.split('\n')) {
    statement += `${line}\n`
    if (!isComplete(withoutComments(statement).trim())) continue
    statements.push(statement)
    statement = ''
  }
  return [...statements, statement]
}

function isComplete(code: string): boolean {
  const count = (pattern: RegExp): number => code.match(pattern)?.length ?? 0
  const isBlock = /^(?:export )?(?:declare )?(?:abstract )?(?:interface|class) /.test(code)
  return (isBlock ? /}$/ : /;$/).test(code) && count(/[{(]/g) === count(/[})]/g)
}

/** A package's own types stay out of reach: taking a name of one fails. */
function resolveModule(from: string, specifier: string): string {
  if (specifier.startsWith('#lib/')) return toDeclaration(`lib/${specifier.slice('#lib/'.length)}`)
  if (specifier.startsWith('.')) return toDeclaration(path.posix.join(path.posix.dirname(from), specifier))
  return `package ${specifier}`
}
const toDeclaration = (file: string): string => file.replace(/\.ts$/, '.d.ts')

const withoutComments = (text: string): string => text.replaceAll(/\/\*[\s\S]*?(?:\*\/|$)/g, '')
const withoutExport = (text: string): string => text.replace(/^export /m, '')
const withExport = (text: string): string =>
  `${withoutExport(text)}`.replace(/^(declare|interface|type) /m, 'export $1 ')
