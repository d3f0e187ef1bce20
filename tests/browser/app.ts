import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import { buildSdk } from '../../scripts/sdk/build.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const PAGE = `<!doctype html><title>An app</title><link rel="icon" href="data:,"><script type="module">
import * as sdk from '/sdk/browser.js'
import { STORE_CASES } from '/cases.js'
Object.assign(window, { sdk, cases: STORE_CASES })
</script>`

/** An app of another origin than the server's: a page that imports the built SDK, and the contract's cases. */
export interface App {
  readonly origin: string
  /** Serves one more page, or a script by its name's ending; its address. */
  add(name: string, text: string): string
  close(): Promise<void>
}

export async function startApp(): Promise<App> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tidemark-app-'))
  await buildSdk(path.join(folder, 'sdk'))
  await build({
    entryPoints: [path.join(ROOT, 'tests/contract/client-store.cases.ts')],
    outfile: path.join(folder, 'cases.js'),
    bundle: true,
    format: 'esm',
    logLevel: 'warning',
  })
  const pages = new Map([['/', PAGE]])
  const server = createServer((request, response) => void serve(folder, pages, request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    add(name, text) {
      pages.set(`/${name}`, text)
      return `${origin}/${name}`
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function serve(
  folder: string,
  pages: ReadonlyMap<string, string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const name = path.posix.normalize(new URL(request.url ?? '/', 'http://app').pathname)
  const isScript = name.endsWith('.js')
  const page = pages.get(name) ?? (isScript ? await readFile(path.join(folder, name)) : undefined)
  if (page === undefined) response.writeHead(404).end()
  else response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html').end(page)
}
