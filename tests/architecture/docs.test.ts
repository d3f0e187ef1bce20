import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { generatedPages } from '../../scripts/docs/pages.ts'

const CHECKOUT = path.resolve(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(path.join(CHECKOUT, file), 'utf8')
const decisions = readdirSync(path.join(CHECKOUT, 'docs/decisions')).map((name) => `docs/decisions/${name}`)
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/README.md',
  'docs/audit.md',
  'docs/authority.md',
  'docs/rules.md',
  'docs/state-hash.md',
  'docs/metrics.md',
  'docs/prometheus.md',
  'docs/telemetry-in.md',
  'docs/errors.md',
  'docs/filters.md',
  'docs/keys.md',
  'docs/roles.md',
  'docs/deploy.md',
  'docs/upgrades.md',
  'docs/security.md',
  'docs/threats.md',
  'docs/hardening.md',
  'docs/field.md',
  'lib/client/README.md',
  ...decisions,
]

/** What Node, Next and npm read too is not ours to document. */
const SETTING = /\b(HOST|PORT|DATABASE_(?:DIRECT_)?URL|TIDEMARK_[A-Z_]+)\b/g
const filesIn = (folder: string): string[] =>
  readdirSync(path.join(CHECKOUT, folder)).map((name) => `${folder}/${name}`)

const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, first = '']) => first)
const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort()

describe('documentation', () => {
  it.each(['docs/metrics.md', 'docs/errors.md', 'docs/filters.md'])(
    '%s is what `npm run docs` writes',
    async (file) => {
      expect(read(file)).toBe((await generatedPages()).get(file))
    },
  )

  it('names every setting that the code reads, and no other', () => {
    const [, table = ''] = read('README.md').split('## Settings')
    const rows = table.split('\n## ')[0]?.match(/^\| `.*$/gm) ?? []
    const documented = rows.flatMap((row) => matches(row.split('|')[1] ?? '', /`([A-Z_]+)`/g))
    const readers = [
      'lib/env.ts',
      'scripts/server.mjs',
      ...filesIn('scripts/launch'),
      ...filesIn('scripts/setup'),
    ]
    const settings = readers.flatMap((file) => matches(read(file), SETTING))
    expect(settings.length).toBeGreaterThan(0)
    expect(sorted(documented)).toEqual(sorted(settings))
  })

  it.each(pages)('%s has links that lead somewhere', (page) => {
    const text = read(page)
    const targets = [
      ...matches(text, /\]\(([^)#\s]+)[^)]*\)/g),
      ...matches(text, /(?:src|srcset)="([^"]+)"/g),
    ]
    const local = targets.filter((target) => !URL.canParse(target))
    const missing = local.filter((target) => !existsSync(path.resolve(CHECKOUT, path.dirname(page), target)))
    expect(missing).toEqual([])
  })

  it.each(pages)('%s names commands that exist', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = matches(read(page), /npm run (?:-s )?([a-z:-]+)/g)
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
  })

  it('shows one and the same program to connect a device', () => {
    const [program] = matches(read('README.md'), /```ts\n([\s\S]*?)```/g)
    expect(program).toContain('openReplica')
    expect(matches(read('lib/client/README.md'), /```ts\n([\s\S]*?)```/g)).toContain(program)
  })

  it('lists every decision by its title', () => {
    const index = read('docs/README.md')
    for (const file of decisions) {
      const title = /^# (.+)$/m.exec(read(file))?.[1]
      expect(index).toContain(`[${title}](${file.replace('docs/', '')})`)
    }
  })

  it.each(decisions)('%s has context, decision and consequence', (file) => {
    const parts = matches(read(file), /^\*\*(\w+)\.\*\*/gm)
    expect(parts).toEqual(['Context', 'Decision', 'Consequence'])
  })
})
