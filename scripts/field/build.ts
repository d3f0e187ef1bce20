import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Metafile } from 'esbuild'
import { build } from 'esbuild'
import { leanValidator } from '../sdk/lean-validator.ts'
import { staticFiles } from '../sdk/size.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const APP = path.join(ROOT, 'app/field')
/** Where the server serves it. */
const PLACE = '/field'

export interface BuiltField {
  readonly version: string
  /** Scripts that the document needs before it can run, by their paths in the folder. */
  readonly firstScripts: readonly string[]
}

/**
 * Builds the field client: a document, scripts and styles named by their content, a manifest, and a service worker that
 * knows all of them. `note` becomes part of the version: tests make a newer one by it.
 */
export async function buildField(folder: string, note = ''): Promise<BuiltField> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const metafile = await bundleApp(folder, note)
  const named = (stem: string, ext: string): string => {
    const found = Object.keys(metafile.outputs).find(
      (file) => file.startsWith(`assets/${stem}-`) && file.endsWith(ext),
    )
    if (found === undefined) throw new Error(`the build made no ${stem}*${ext}`)
    return found
  }
  const entry = named('main', '.js')
  const icon = writeHashed(folder, 'icon', '.svg', readFileSync(path.join(ROOT, 'app/icon.svg')))
  const firstScripts = staticFiles(metafile, entry)
  writeFileSync(path.join(folder, 'manifest.webmanifest'), manifest(icon))
  const html = documentText({ entry, icon, styles: named('main', '.css'), preloaded: firstScripts.slice(1) })
  writeFileSync(path.join(folder, 'index.html'), html)
  const files = filesIn(folder)
  const version = versionOf(folder, files)
  await bundleWorker(folder, {
    FIELD_VERSION: version,
    FIELD_FILES: files.filter((file) => file !== 'index.html').map((file) => `${PLACE}/${file}`),
    FIELD_ENTRY: `${PLACE}/${entry}`,
  })
  return { version, firstScripts }
}

async function bundleApp(folder: string, note: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: { main: path.join(APP, 'main.tsx') },
    outdir: folder,
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/[name]-[hash]',
    assetNames: 'assets/[name]-[hash]',
    publicPath: PLACE,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    jsx: 'automatic',
    minify: true,
    loader: { '.woff2': 'file' },
    define: { 'process.env.NODE_ENV': '"production"' },
    ...(note === '' ? {} : { banner: { js: `/* ${note} */` } }),
    plugins: [leanValidator],
    metafile: true,
    logLevel: 'warning',
  })
  return metafile
}

async function bundleWorker(folder: string, values: Readonly<Record<string, unknown>>): Promise<void> {
  await build({
    entryPoints: [path.join(APP, 'worker/sw.ts')],
    outfile: path.join(folder, 'sw.js'),
    bundle: true,
    format: 'iife',
    target: 'es2022',
    minify: true,
    define: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)])),
    logLevel: 'warning',
  })
}

const sha256 = (content: Buffer | string): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 16)

function writeHashed(folder: string, stem: string, ext: string, content: Buffer): string {
  const name = `assets/${stem}-${sha256(content)}${ext}`
  writeFileSync(path.join(folder, name), content)
  return name
}

/** Paths with slashes, in order. */
const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .toSorted()

const versionOf = (folder: string, files: readonly string[]): string =>
  sha256(files.map((file) => `${file} ${sha256(readFileSync(path.join(folder, file)))}`).join('\n'))

const manifest = (icon: string): string =>
  `${JSON.stringify(
    {
      id: PLACE,
      name: 'Tidemark strike reports',
      short_name: 'Strike reports',
      description: 'Wildlife-strike reports that work without a network',
      start_url: PLACE,
      scope: PLACE,
      display: 'standalone',
      background_color: '#ffffff',
      theme_color: '#ffffff',
      icons: [{ src: `${PLACE}/${icon}`, sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
    },
    null,
    2,
  )}\n`

/** One document without a script or style of its own, so that a strict policy needs no nonce and it can be kept as it is. */
const documentText = (files: {
  readonly entry: string
  readonly icon: string
  readonly styles: string
  readonly preloaded: readonly string[]
}): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Strike reports · Tidemark</title>
<meta name="description" content="Wildlife-strike reports that work without a network">
<meta name="theme-color" media="(prefers-color-scheme: light)" content="#ffffff">
<meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0b0c0e">
<link rel="manifest" href="${PLACE}/manifest.webmanifest">
<link rel="icon" href="${PLACE}/${files.icon}" type="image/svg+xml">
<link rel="stylesheet" href="${PLACE}/${files.styles}">
${files.preloaded.map((file) => `<link rel="modulepreload" href="${PLACE}/${file}">\n`).join('')}<script type="module" src="${PLACE}/${files.entry}"></script>
</head>
<body>
<div id="root"></div>
<noscript>This app needs JavaScript: it keeps reports on this device.</noscript>
</body>
</html>
`
