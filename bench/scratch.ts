import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import pg from 'pg'
import { supervisePostgres } from '#lib/storage/prisma/embedded/supervise.ts'
import { startChild } from './child.ts'
import type { Listening } from './push/serve.ts'
const dataDir = await mkdtemp(path.join(tmpdir(), 'tidemark-bench-'))
const postgres = await supervisePostgres({ dataDir, settings: JSON.parse(process.env.PGSET ?? '{}') })
execFileSync(process.execPath, ['--import', 'tsx', 'scripts/migrate.ts'], { env: { ...process.env, DATABASE_URL: postgres.databaseUrl } })
const d = new Date(); const day = (n: number) => new Date(Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate() + n)).toISOString()
const children: any[] = []
try {
const ceiling = new URL('./push/ceiling-server.ts', import.meta.url)
const nodeArgs = process.env.PROF ? ['--cpu-prof', '--cpu-prof-dir=/tmp/prof'] : []
const parse = await startChild<Listening>(ceiling, { env: { DATABASE_URL: '' } }); children.push(parse)
const insert = await startChild<Listening>(ceiling, { env: { DATABASE_URL: postgres.databaseUrl } }); children.push(insert)
const app = await startChild<any>(new URL('./scratch-pg.ts', import.meta.url), { nodeArgs, env: { DATABASE_URL: postgres.databaseUrl } }); children.push(app)
const load = await startChild<object>(new URL('./push/load.ts', import.meta.url)); children.push(load)
console.log(await load.ask({ kind: 'enroll', url: app.ready.url, enrollmentKey: app.ready.key, devices: 1000 }))
for (let i = 0; i < Number(process.env.ROUNDS ?? 4); i++) for (const [name, child, decides] of [['parse', parse, false], ['insert', insert, false], ['app', app, true]] as const) {
  if (process.env.PROF && name !== 'app') continue
  const f: any = await load.ask({ kind: 'round', url: (child.ready as any).url, mutations: 50, concurrency: 16, decides })
  console.log(name, Math.round(f.mutationsPerSecond), f.p50Ms.toFixed(1), f.p99Ms.toFixed(1)) }
const c = new pg.Client({ connectionString: postgres.databaseUrl }); await c.connect()
console.log((await c.query(`SELECT (SELECT count(*) FROM change_log) AS log, (SELECT count(*) FROM record) AS rec, (SELECT sum(version) FROM stream_head) AS head, current_setting('fsync') AS fsync`)).rows)
console.log((await c.query(`SELECT relname, n_live_tup, pg_size_pretty(pg_total_relation_size(relid)) s FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC LIMIT 8`)).rows.map((r) => `${r.relname} ${r.n_live_tup} ${r.s}`))
await c.end()
} finally {
await Promise.all(children.map((c) => c.stop()))
await postgres.stop()
await rm(dataDir, { recursive: true, force: true }) }
