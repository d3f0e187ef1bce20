/**
 * express-pouchdb as its own manual serves it, with LevelDB under it, in a temporary folder. With the argument `synced`
 * each batch of writes is on the disk before it is acknowledged, which PouchDB has no option for.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { serve } from '../push/serve.ts'

/** As far as they are used: neither package has types that fit. */
interface PouchDb {
  defaults(options: { readonly prefix: string; readonly db: Leveldown }): PouchDb
  new (name: string): { info(): Promise<unknown> }
}
type Batch = (operations: unknown, options: object, done: (error?: Error) => void) => void
type Leveldown = ((location: string) => { _batch: Batch }) & { destroy: unknown }
type Listener = (request: IncomingMessage, response: ServerResponse) => void
type Express = () => Listener & { use(part: Listener): void }
type ExpressPouchDb = (pouch: PouchDb, options: object) => Listener

const installed = createRequire(path.join(import.meta.dirname, 'npm', 'package.json'))
const folder = await mkdtemp(path.join(tmpdir(), 'tidemark-bench-peer-'))
const leveldown = installed('leveldown') as Leveldown
const db = process.argv[2] === 'synced' ? Object.assign(synced, { destroy: leveldown.destroy }) : leveldown
const Pouch = (installed('pouchdb-node') as PouchDb).defaults({ prefix: `${folder}/`, db })
const options = { mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: path.join(folder, 'log.txt') }
const app = (installed('express') as Express)()
app.use((installed('express-pouchdb') as ExpressPouchDb)(Pouch, options))
await new Pouch('bench').info()
await serve(app, () => rm(folder, { recursive: true, force: true }))

function synced(location: string): ReturnType<Leveldown> {
  const store = leveldown(location)
  const batch: Batch = store._batch.bind(store)
  store._batch = (operations, options, done) => batch(operations, { ...options, sync: true }, done)
  return store
}
