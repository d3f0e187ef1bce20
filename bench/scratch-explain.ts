import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import pg from 'pg'
import { supervisePostgres } from '#lib/storage/prisma/embedded/supervise.ts'
const dataDir = await mkdtemp(path.join(tmpdir(), 'tidemark-bench-'))
const postgres = await supervisePostgres({ dataDir })
execFileSync(process.execPath, ['--import', 'tsx', 'scripts/migrate.ts'], { env: { ...process.env, DATABASE_URL: postgres.databaseUrl } })
const c = new pg.Client({ connectionString: postgres.databaseUrl }); await c.connect()
const RECORDS = `SELECT r.* FROM unnest($2::text[], $3::uuid[]) k(collection, record_id) JOIN record r ON r.fleet_id = $1 AND r.collection = k.collection AND r.record_id = k.record_id`
const LATERAL = `SELECT r.* FROM unnest($2::text[], $3::uuid[]) k(collection, record_id) CROSS JOIN LATERAL (SELECT * FROM record r WHERE r.fleet_id = $1 AND r.collection = k.collection AND r.record_id = k.record_id LIMIT 1) r`
const fleet = '01a20831-85ad-74fb-bc06-c44860b7e60a'
const show = async (label: string, text: string, args: string, n = 3) => {
  await c.query('BEGIN'); await c.query(`SELECT set_config('role','tidemark_runtime',true), set_config('app.fleet',$1,true), set_config('enable_seqscan','off',true), set_config('enable_hashjoin','off',true), set_config('enable_mergejoin','off',true), set_config('enable_material','off',true)`, [fleet])
  if (label.includes('nobitmap')) await c.query(`SET LOCAL enable_bitmapscan=off`)
  if (label.includes('generic')) await c.query(`SET LOCAL plan_cache_mode=force_generic_plan`)
  await c.query(`PREPARE q AS ${text}`)
  console.log('==', label); console.log((await c.query(`EXPLAIN EXECUTE q(${args})`)).rows.map((r: any) => r['QUERY PLAN']).join('\n'))
  await c.query('DEALLOCATE q'); await c.query('ROLLBACK')
}
const recArgs = `'${fleet}', ARRAY['a','b']::text[], ARRAY['${fleet}','${fleet}']::uuid[]`
await show('records', RECORDS.replace('$1', '$1::uuid'), recArgs)
await show('records nobitmap', RECORDS.replace('$1', '$1::uuid'), recArgs)
await show('records lateral', LATERAL.replace('$1', '$1::uuid'), recArgs)
await show('records generic', RECORDS.replace('$1', '$1::uuid'), recArgs)
const fs = await import('node:fs')
const src = fs.readFileSync('lib/storage/prisma/push-load.ts', 'utf8')
const text = (name: string) => { const m = new RegExp(`name: '${name}',\\s*text: \`([^\`]*)\``).exec(src); return m![1]!.replaceAll('${RECORD_COLUMNS}', 'r.version').replaceAll('${DEVICE_COLUMNS}', 'd.id') }
await show('mutations nobitmap', text('push_mutations'), `'${fleet}', ARRAY['${fleet}','${fleet}']::uuid[], 600`)
await show('responses nobitmap', text('push_responses'), `'${fleet}', ARRAY['${fleet}']::uuid[], ARRAY['${fleet}']::uuid[]`)
await show('bases nobitmap', text('push_bases'), `'${fleet}', ARRAY['a']::text[], ARRAY['${fleet}']::uuid[], ARRAY[1]::bigint[]`)
await show('devices nobitmap', text('push_lock_devices'), `'${fleet}', ARRAY['${fleet}']::uuid[]`)
await c.end(); await postgres.stop(); await rm(dataDir, { recursive: true, force: true })
