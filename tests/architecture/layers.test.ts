import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import swc from '@swc/core'
import { cruise, type ICruiseOptions, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser'
import { describe, expect, it } from 'vitest'

const ROOT = path.resolve(import.meta.dirname, '../..')
const FOLDERS = ['lib', 'components', 'app']
const { forbidden, options } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  forbidden: IForbiddenRuleType[]
  options: ICruiseOptions & { enhancedResolveOptions: object }
}

// dependency-cruiser parses every file as plain TypeScript and trips over JSX: give it the right syntax by name.
const parseFileSync = swc.parseFileSync.bind(swc)
Object.assign(swc, {
  parseFileSync: (file: string, settings: object) =>
    parseFileSync(file, { ...settings, syntax: 'typescript', tsx: file.endsWith('.tsx') }),
})

describe('the import table', () => {
  // It reads every module: seconds on an idle machine.
  it('holds, for every module there is', { timeout: 60_000 }, async () => {
    const seen = await look(ROOT)
    expect(violationsIn(seen)).toEqual([])
    const modules = new Set(seen.modules.map(({ source }) => source))
    expect(sourcesOnDisk().filter((file) => !modules.has(file))).toEqual([])
  })

  it.each([
    ['lib/kernel/a.ts', `import '#lib/engine/b.ts'`, 'layer lib/kernel'],
    ['lib/engine/a.ts', `import type { B } from '#lib/storage/b.ts'`, 'layer lib/engine'],
    ['lib/engine/a.ts', `import 'node:fs'`, 'layer lib/engine'],
    ['lib/application/a.ts', `import '#lib/storage/memory/b.ts'`, 'layer lib/application'],
    ['lib/storage/memory/a.ts', `import 'node:fs'`, 'sole Node in storage'],
    ['lib/storage/memory/a.ts', `import 'pg'`, 'sole Prisma and pg'],
    ['lib/application/sync/a.ts', `import 'next-auth'`, 'sole next-auth'],
    ['lib/http/a.ts', `import '#lib/env.ts'`, 'sole the environment'],
    ['components/a.tsx', `import '#lib/application/b.ts'`, 'layer components'],
    ['app/a.tsx', `import { B } from '../lib/engine/b.ts'`, 'layer app'],
    ['lib/kernel/a.ts', `import './missing.ts'`, 'resolvable'],
  ])('finds in %s what it must not import: %s', async (file, source, rule) => {
    const root = plant({ [file]: source })
    try {
      expect(violationsIn(await look(root)).map(({ name }) => name)).toContain(rule)
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  })
})

async function look(root: string): Promise<ICruiseResult> {
  const { enhancedResolveOptions, ...rest } = options
  const settings = { ...rest, baseDir: root, ruleSet: { forbidden }, validate: true }
  const before = process.cwd()
  const { output } = await cruise(FOLDERS, settings, enhancedResolveOptions).finally(() =>
    process.chdir(before),
  )
  if (typeof output === 'string') throw new Error(output)
  return output
}

function violationsIn(result: ICruiseResult): { name: string; from: string; to: string }[] {
  return result.summary.violations.map(({ rule, from, to }) => ({ name: rule.name, from, to }))
}

/** A small checkout with one module in each place that the cases import, and the file under test. */
function plant(files: Record<string, string>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'tidemark-layers-'))
  const b = 'export const B = 1\n'
  const stock = [
    'lib/engine/b.ts',
    'lib/storage/b.ts',
    'lib/storage/memory/b.ts',
    'lib/application/b.ts',
    'lib/env.ts',
  ]
  const all = {
    ...Object.fromEntries([...stock, 'app/b.ts', 'components/b.ts'].map((file) => [file, b])),
    'node_modules/pg/package.json': '{"name":"pg","main":"index.js"}',
    'node_modules/pg/index.js': '',
    'node_modules/next-auth/package.json': '{"name":"next-auth","main":"index.js"}',
    'node_modules/next-auth/index.js': '',
    'package.json': JSON.stringify({ name: 'planted', type: 'module', imports: { '#lib/*': './lib/*' } }),
    ...files,
  }
  for (const [file, source] of Object.entries(all)) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true })
    writeFileSync(path.join(root, file), source)
  }
  return root
}

function sourcesOnDisk(): string[] {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(
      (name) => `${folder}/${name}`,
    ),
  )
  return files.filter((file) => /\.tsx?$/.test(file) && !file.startsWith('lib/storage/prisma/generated/'))
}
