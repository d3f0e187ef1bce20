import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BuiltSdk } from '../../scripts/sdk/build.ts'
import { SDK_PACKAGE_NAME, buildSdk } from '../../scripts/sdk/build.ts'
import { SDK_BUNDLE_BYTES_MAX, staticFiles } from '../../scripts/sdk/size.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
let project = ''
let sdk: BuiltSdk

/** Another project, with the package where `npm install` would put it. */
beforeAll(async () => {
  project = mkdtempSync(path.join(tmpdir(), 'tidemark-sdk-'))
  sdk = await buildSdk(path.join(project, 'built'))
  const modules = path.join(project, 'node_modules')
  mkdirSync(modules)
  const packed = JSON.parse(run('npm', ['pack', sdk.folder, '--json'])) as { filename: string }[]
  run('tar', ['xzf', packed[0]?.filename ?? ''])
  cpSync(path.join(project, 'package'), path.join(modules, SDK_PACKAGE_NAME), { recursive: true })
  symlinkSync(path.join(ROOT, 'node_modules/libsql'), path.join(modules, 'libsql'))
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

const run = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

describe('the packed SDK', () => {
  test(`[SDK6] the browser's bundle with validation stays within ${SDK_BUNDLE_BYTES_MAX / 1024} KiB by gzip`, () => {
    expect(sdk.size.gzipBytes).toBeLessThanOrEqual(SDK_BUNDLE_BYTES_MAX)
    expect(sdk.size.gzipBytes).toBeGreaterThan(10_000)
  })

  test("[SDK6] the browser's bundle holds no server, no schema library and nothing of Node", () => {
    const outputs = staticFiles(sdk.browser, 'browser.js')
    const inputs = outputs.flatMap((file) => Object.keys(sdk.browser.outputs[file]?.inputs ?? {}))
    expect(inputs.some((file) => file.endsWith('lib/client/replica.ts'))).toBe(true)
    const packages = inputs.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [])
    expect([...new Set(packages)].sort()).toEqual(['@cfworker/json-schema', 'idb'])
    const layers = inputs.flatMap((file) => /(?:^|\/)lib\/([a-z]+)\//.exec(file)?.[1] ?? [])
    expect(layers.filter((layer) => !['client', 'engine', 'kernel', 'protocol'].includes(layer))).toEqual([])
    for (const file of outputs) {
      const text = readFileSync(path.join(sdk.folder, file), 'utf8')
      expect(text).not.toMatch(/from"(?!\.\/)|node:|\bprocess\.|\bBuffer\b|\beval\(|new Function/)
    }
  })

  test.each(['worker.js', 'worker-classic.js'])(
    '[SDK6] %s, for service workers, fetches nothing later: all parts are in it',
    (file) => {
      const text = readFileSync(path.join(sdk.folder, file), 'utf8')
      // The word alone stands in it as a name that expressions may not use.
      const later =
        /.{0,40}(?:\bimport\b(?!")|\bfrom"|\brequire\(|\bimportScripts\b|\beval\(|\bnew Function\().{0,40}/
      expect(later.exec(text)?.[0]).toBeUndefined()
    },
  )

  test('[SDK6] what a service worker imports exports what a page imports, and its page tells its size', async () => {
    const names = async (file: string): Promise<string[]> =>
      Object.keys((await import(path.join(sdk.folder, file))) as object)
    expect(await names('worker.js')).toEqual(await names('browser.js'))
    const readme = readFileSync(path.join(project, 'package/README.md'), 'utf8')
    const [, kib, gzipKib] = /`\/sdk\/worker\.js`.* some (\d+) KiB, (\d+) KiB by gzip/.exec(readme) ?? []
    expect(Math.abs(sdk.workerSize.bytes / 1024 / Number(kib) - 1)).toBeLessThan(0.05)
    expect(Math.abs(sdk.workerSize.gzipBytes / 1024 / Number(gzipKib) - 1)).toBeLessThan(0.05)
  })

  test('[SDK6] names what is bundled, each with its licence', () => {
    const text = readFileSync(path.join(project, 'package/THIRD-PARTY-NOTICES.md'), 'utf8')
    const names = [...text.matchAll(/^## (\S+) \d+\.\d+\.\d+ \(([^)]+)\)$/gm)].map(
      (one) => `${one[1]} ${one[2]}`,
    )
    expect(names).toEqual(expect.arrayContaining(['diff BSD-3-Clause', 'idb ISC', 'yjs MIT']))
    expect(text).toContain('Redistribution and use in source and binary forms')
    expect(text).toContain('Kevin Jahns <')
  })

  test('[SDK6] another project imports it in Node, with memory and with SQLite', () => {
    const program = path.join(project, 'device.mjs')
    writeFileSync(
      program,
      `import { ReplicaError, openMemoryStore, openReplica, openSqliteStore } from '${SDK_PACKAGE_NAME}'
       for (const store of [openMemoryStore(), openSqliteStore('device.db')]) {
         const device = { name: 'Till 1', platform: 'linux', appVersion: '1.0.0' }
         const replica = await openReplica({ url: 'http://127.0.0.1:9', device, store, sync: { auto: false } })
         const { recordId } = await replica.collection('notes').put(null, { title: 'hello' })
         console.log((await replica.collection('notes').get(recordId)).data.title, replica.status$.get().state)
         await replica.close()
       }
       console.log(await openReplica({ url: 'no url' }).catch((error) => error instanceof ReplicaError && error.code))`,
    )
    expect(run('node', [program])).toBe('hello idle\nhello idle\ninvalid_options\n')
  })

  test('[SDK6] who has no SQLite needs none, and is told what its store needs', () => {
    const apart = mkdtempSync(path.join(tmpdir(), 'tidemark-no-sqlite-'))
    cpSync(path.join(project, 'package'), path.join(apart, 'node_modules', SDK_PACKAGE_NAME), {
      recursive: true,
    })
    const program = path.join(apart, 'device.mjs')
    writeFileSync(
      program,
      `import { openMemoryStore, openReplica, openSqliteStore } from '${SDK_PACKAGE_NAME}'
       const device = { name: 'Till 1', platform: 'linux', appVersion: '1.0.0' }
       const store = openMemoryStore()
       const replica = await openReplica({ url: 'http://127.0.0.1:9', device, store, sync: { auto: false } })
       await replica.close()
       try { openSqliteStore('device.db') } catch ({ code, message }) { console.log(code, message) }`,
    )
    try {
      expect(run('node', [program])).toMatch(/^store_failed .*npm install libsql/)
    } finally {
      rmSync(apart, { recursive: true, force: true })
    }
  })

  test('[SDK6] its types stand alone, and catch what is wrong', () => {
    const options = {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
    }
    writeFileSync(
      path.join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['app.mts'] }),
    )
    const call = (status: string): string => `
      import { openIndexedDbStore, openReplica } from '${SDK_PACKAGE_NAME}/browser'
      import { openReplica as openInWorker } from '${SDK_PACKAGE_NAME}/worker'
      import { openSqliteStore } from '${SDK_PACKAGE_NAME}'
      export const open: typeof openReplica = openInWorker
      export const stores = [await openIndexedDbStore('notes'), openSqliteStore('device.db')]
      export const [store] = stores
      const device = { name: 'Till 1', platform: 'web', appVersion: '1.0.0' } as const
      const replica = await openReplica({ url: 'http://127.0.0.1:9', device, store: stores[0]! })
      export const waiting: ${status} = replica.status$.get().pending`
    const check = (): string => {
      try {
        return run('node', [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project])
      } catch (error) {
        return (error as { stdout: string }).stdout
      }
    }
    writeFileSync(path.join(project, 'app.mts'), call('number'))
    expect(check()).toBe('')
    writeFileSync(path.join(project, 'app.mts'), call('string'))
    expect(check()).toContain("Type 'number' is not assignable to type 'string'")
  })

  test('[SDK6] brings its own page and licence', () => {
    for (const file of ['README.md', 'LICENSE'])
      expect(existsSync(path.join(project, 'node_modules', SDK_PACKAGE_NAME, file))).toBe(true)
  })
})
