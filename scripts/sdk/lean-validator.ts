import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Plugin } from 'esbuild'
import { FORMATS, KEYWORDS } from '../../lib/engine/check-schema.ts'

/** A line of the library's table of formats. */
const FORMAT = /^ {4}'?([\w-]+)'?(?:: .+?)?,?$/gm
/** One of the keywords that its one function takes out of a schema. */
const KEYWORD = /(?:(\w+): )?(\$\w+), /g

/**
 * The schema validator without the formats and keywords that no schema here can have (JS2), which are a fiftieth of the
 * bundle. Fails where the library has changed.
 */
export const leanValidator: Plugin = {
  name: 'lean-validator',
  setup: ({ onLoad }) => {
    onLoad({ filter: /@cfworker[\\/]json-schema[\\/]dist[\\/]esm[\\/](?:format|validate)\.js$/ }, (file) => {
      const source = readFileSync(file.path, 'utf8')
      const isFormats = path.basename(file.path) === 'format.js'
      return { contents: isFormats ? onlyFormats(source) : onlyKeywords(source) }
    })
  },
}

function onlyFormats(source: string): string {
  const [before, table, after] = cut(source, 'export const format = {\n', '\n};')
  const kept: string[] = []
  const lines = table.replace(FORMAT, (line, name: string) =>
    FORMATS.has(name) && kept.push(name) > 0 ? line : '',
  )
  if (kept.length !== FORMATS.size) throw new Error('the validator lists its formats otherwise')
  return before + lines + after
}

/** Where it asks for what is left out it now asks for undefined, and the bundler drops what stands behind that. */
function onlyKeywords(source: string): string {
  const [before, list, after] = cut(source, '    const { $ref, ', '__absolute_ref__,')
  const gone: string[] = []
  const kept = list.replace(KEYWORD, (entry, keyword: string | undefined, name: string) =>
    KEYWORDS.has(keyword ?? name) || gone.push(name) === 0 ? entry : '',
  )
  if (gone.length === 0) throw new Error('the validator reads its keywords otherwise')
  const rest = gone.reduce(
    (text, name) => text.replaceAll(new RegExp(`(?<![\\w'"./\`])\\${name}\\b`, 'g'), 'undefined'),
    after,
  )
  return before + kept + rest
}

function cut(source: string, from: string, to: string): readonly [string, string, string] {
  const start = source.indexOf(from)
  const end = source.indexOf(to, start)
  if (start < 0 || end < 0) throw new Error(`the validator has no ${from}`)
  return [source.slice(0, start + from.length), source.slice(start + from.length, end), source.slice(end)]
}
