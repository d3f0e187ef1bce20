import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { onDatabase } from '#lib/storage/prisma/migration-adapter.ts'
import { markdownTable } from '../markdown.ts'
import type { BenchDatabase } from '../postgres.ts'
import type { Done, Work } from './backup-process.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
/** Records, and as many rows of the change log. */
const RECORDS = Number(process.env['TIDEMARK_BENCH_BACKUP'] ?? 500_000)

/** A backup of a million rows and its restore, each in a process of its own; beside the bare COPY of the same rows. */
export async function benchBackup({ env }: BenchDatabase): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tidemark-bench-'))
  const file = path.join(folder, 'bench.backup')
  const target = onDatabase(env.DATABASE_URL, 'bench_target')
  try {
    await fill(env.DATABASE_URL)
    const { TIDEMARK_SECRET: secret } = env
    const bare = await run({ kind: 'copy', url: env.DATABASE_URL, file, secret })
    const backup = await run({ kind: 'backup', url: env.DATABASE_URL, file, secret })
    const restore = await run({ kind: 'restore', url: target, file, secret })
    const rows = [
      row('COPY of every table, thrown away', bare, bare),
      row('backup', backup, bare),
      row('restore, with its checks', restore, bare),
    ]
    return markdownTable(
      'Backup and restore',
      ['process', 'rows', 'MB', 's', 'MB/s', 'peak RSS, MB', 'of the file, MB', '÷ bare COPY'],
      rows,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const MB = 1_000_000
const row = (name: string, done: Done, bare: Done): readonly string[] => [
  name,
  done.rows.toLocaleString('en-US'),
  (bare.bytes / MB).toFixed(0),
  (done.ms / 1_000).toFixed(1),
  (bare.bytes / MB / (done.ms / 1_000)).toFixed(0),
  (done.rssBytes / MB).toFixed(0),
  done.fileBytes === 0 ? '' : (done.fileBytes / MB).toFixed(0),
  (bare.ms / done.ms).toFixed(2),
]

async function run(work: Work): Promise<Done> {
  const program = ['--import', 'tsx', 'bench/backup/backup-process.ts', JSON.stringify(work)]
  const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: ROOT })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Done
}

const FLEET = '00000000-0000-7000-8000-00000000000f'
const DEVICE = '00000000-0000-7000-8000-0000000000dd'
const ID = (prefix: string): string => `('${prefix}0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`
const DOCUMENT = `json_build_object('airportName', 'Airport ' || n, 'status', 'open', 'remarks', md5(n::text) || md5((n * 7)::text) || md5((n * 13)::text))::text`

/** By SQL: what stands in a document makes no difference here. */
async function fill(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(
      `INSERT INTO fleet (id, name, epoch, config_version, settings, created_at) VALUES ('${FLEET}', 'Bench', 1, 1, '{}', now())`,
    )
    await client.query(
      `INSERT INTO stream_head (fleet_id, collection, version) VALUES ('${FLEET}', 'reports', ${RECORDS})`,
    )
    await client.query(`INSERT INTO record (fleet_id, collection, record_id, version, deleted, data, hlc, device_id, version_vector, schema_version, committed_at)
      SELECT '${FLEET}', 'reports', ${ID('aaaa')}, n, false, ${DOCUMENT}, '0192f0a1b2c3-0003-${DEVICE}', '${DEVICE}', '{"${DEVICE}":1}', 1, now()
      FROM generate_series(1, ${RECORDS}) n`)
    await client.query(`INSERT INTO change_log (fleet_id, mutation_id, collection, version, device_id, request_id, status, mutation, app_version, made_at, received_at, committed_at)
      SELECT '${FLEET}', ${ID('bbbb')}, 'reports', n, '${DEVICE}', ${ID('cccc')}, 'applied', ${DOCUMENT}, '1.0.0', now(), now(), now()
      FROM generate_series(1, ${RECORDS}) n`)
    await client.query('CREATE DATABASE bench_target TEMPLATE template0')
    await client.query('VACUUM ANALYZE')
  } finally {
    await client.end()
  }
}
