import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Metafile, Plugin } from 'esbuild'
import { build } from 'esbuild'
import { bundleTypes } from './bundle-types.ts'
import { leanValidator } from './lean-validator.ts'
import { noticesOf, packageOf } from './notices.ts'
import type { BundleSize } from './size.ts'
import { bundleSize, staticFiles } from './size.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const LIB = path.join(ROOT, 'lib')
const CLIENT = path.join(LIB, 'client')
export const SDK_PACKAGE_NAME = 'tidemark-client'

export interface BuiltSdk {
  readonly folder: string
  /** What the browser's bundle is made of, and of which files; paths of outputs are relative to the folder. */
  readonly browser: Metafile
  /** Of `browser.js` with what it imports statically. */
  readonly size: BundleSize
  /** Of `worker.js`, which has all parts in it. */
  readonly workerSize: BundleSize
}

/** Builds `lib/client` as a package that stands alone: its entries, their chunks, types, README and licences. */
export async function buildSdk(folder: string): Promise<BuiltSdk> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const packages = new Set<string>()
  const browser = await bundleBrowser(folder, packages)
  await bundleWorker(folder, packages)
  await run(folder, { platform: 'node', parts: 'split', entry: { node: NODE }, packages })
  for (const entry of ['browser', 'node'] as const)
    writeFileSync(path.join(folder, `${entry}.d.ts`), declarations(entry))
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`)
  copyFileSync(path.join(CLIENT, 'README.md'), path.join(folder, 'README.md'))
  copyFileSync(path.join(ROOT, 'LICENSE'), path.join(folder, 'LICENSE'))
  writeFileSync(path.join(folder, 'THIRD-PARTY-NOTICES.md'), noticesOf(packages))
  return {
    folder,
    browser,
    size: bundleSize(folder, staticFiles(browser, 'browser.js')),
    workerSize: bundleSize(folder, ['worker.js']),
  }
}

/**
 * What is imported dynamically is fetched when it is first needed. For a browser each such part is a bundle that stands
 * alone: with chunks for what parts share, the entry compresses worse, and everybody loads the entry.
 * @param packages gets the folders of those that are bundled
 */
async function bundleBrowser(folder: string, packages: Set<string>): Promise<Metafile> {
  const left = { platform: 'browser', parts: 'left', packages } as const
  const { metafile, parts } = await run(folder, { ...left, entry: { browser: BROWSER } })
  const built = new Set<string>()
  for (let waiting = [...parts]; waiting.length > 0;) {
    const file = waiting.pop() as string
    if (built.has(file)) continue
    built.add(file)
    const part = await run(folder, { ...left, entry: { [partName(file)]: file } })
    waiting = [...waiting, ...part.parts]
  }
  return metafile
}

/**
 * The browser's entry in one file: no browser lets a service worker fetch a part later. A classic worker, which can't
 * import it, gets all exports as one global by `importScripts`.
 */
async function bundleWorker(folder: string, packages: Set<string>): Promise<void> {
  const whole = { platform: 'browser', parts: 'inlined', packages } as const
  await run(folder, { ...whole, entry: { worker: BROWSER } })
  await run(folder, { ...whole, entry: { 'worker-classic': BROWSER }, globalName: 'tidemark' })
}

const BROWSER = path.join(CLIENT, 'browser.ts')
const NODE = path.join(CLIENT, 'node.ts')
/** Its folder stands in it: two modules of one name are two parts. */
const partName = (file: string): string =>
  `browser-${path.relative(LIB, file).replace(/\.ts$/, '').replaceAll(path.sep, '-')}`

interface Run {
  readonly platform: 'browser' | 'node'
  /** What becomes of dynamic imports of our own modules: chunks, names of bundles to be made, or code in the same file. */
  readonly parts: 'split' | 'left' | 'inlined'
  readonly entry: Record<string, string>
  /** Makes a script of it, which declares this; else it is a module. */
  readonly globalName?: string
  readonly packages: Set<string>
}

/** One run of the bundler; `parts` are the modules that it left to be fetched later. */
async function run(
  folder: string,
  { platform, parts: becomes, entry, packages, globalName }: Run,
): Promise<{ metafile: Metafile; parts: ReadonlySet<string> }> {
  const parts = new Set<string>()
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: entry,
    outdir: folder,
    chunkNames: `${platform}-[name]-[hash]`,
    bundle: true,
    splitting: becomes === 'split',
    ...(globalName === undefined ? { format: 'esm' } : { format: 'iife', globalName }),
    target: platform === 'browser' ? 'es2022' : 'node20',
    platform,
    minify: platform === 'browser',
    plugins: [leanValidator, ...(becomes === 'left' ? [leaveParts(parts)] : [])],
    metafile: true,
    logLevel: 'warning',
  })
  for (const file of Object.keys(metafile.inputs)) {
    const found = packageOf(path.resolve(folder, file))
    if (found !== null) packages.add(found)
  }
  return { metafile, parts }
}

/** Leaves dynamic imports of our own modules in place, under the names that their bundles get. */
const leaveParts = (parts: Set<string>): Plugin => ({
  name: 'parts',
  setup: ({ onResolve, resolve }) => {
    onResolve({ filter: /^(?:\.|#lib\/)/ }, async ({ kind, path: asked, resolveDir, pluginData }) => {
      if (kind !== 'dynamic-import' || pluginData === LEFT) return undefined
      const found = await resolve(asked, { kind, resolveDir, pluginData: LEFT })
      parts.add(found.path)
      return { path: `./${partName(found.path)}.js`, external: true }
    })
  },
})
/** Marks our own question, which is not ours to answer. */
const LEFT = Symbol('left')

function manifest(): object {
  const { version, license, engines, dependencies } = JSON.parse(
    readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
  ) as { version: string; license: string; engines: object; dependencies: Record<string, string> }
  const browser = { types: './browser.d.ts', default: './browser.js' }
  return {
    name: SDK_PACKAGE_NAME,
    version,
    description: 'The device SDK of Tidemark: an offline-first replica for browsers and Node.',
    license,
    type: 'module',
    sideEffects: false,
    engines,
    exports: {
      '.': { node: { types: './node.d.ts', default: './node.js' }, ...browser },
      './browser': browser,
      './worker': { types: './browser.d.ts', default: './worker.js' },
      './worker-classic.js': './worker-classic.js',
      './package.json': './package.json',
    },
    // Loaded by the SQLite store of the Node entry alone.
    optionalDependencies: { libsql: dependencies['libsql'] },
  }
}

/** TypeScript writes one declaration a module; the entry's are gathered into one file that needs nothing else. */
function declarations(entry: 'browser' | 'node'): string {
  const out = mkdtempSync(path.join(tmpdir(), 'tidemark-types-'))
  try {
    const config = path.join(out, 'tsconfig.json')
    const compilerOptions = {
      noEmit: false,
      incremental: false,
      noCheck: true,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: ROOT,
      outDir: out,
      plugins: [],
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
    }
    const files = [path.join(CLIENT, `${entry}.ts`)]
    writeFileSync(
      config,
      JSON.stringify({ extends: path.join(ROOT, 'tsconfig.json'), compilerOptions, files, include: [] }),
    )
    execFileSync(process.execPath, [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', config])
    return bundleTypes(out, `lib/client/${entry}.d.ts`)
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}
