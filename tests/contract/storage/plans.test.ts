import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HELD_BY } from '#lib/storage/prisma/dead-letters.ts'
import { BACKENDS, opened } from './world.ts'

const LOOKUPS: readonly (readonly [index: string, text: string])[] = [
  ['record_pkey', `SELECT * FROM record WHERE fleet_id = $1 AND collection = 'a' AND record_id = $2 LIMIT 1`],
  [
    'record_fleet_id_collection_version_key',
    `SELECT * FROM record WHERE fleet_id = $1 AND collection = 'a' AND version > length($2::text) ORDER BY version LIMIT 9`,
  ],
  [
    'record_fleet_id_collection_version_key',
    `SELECT count(*) FROM (SELECT FROM record WHERE fleet_id = $1 AND collection = 'a' AND version > length($2::text)
      AND version <= length($2::text) + 500 ORDER BY version OFFSET 0) n`,
  ],
  ['change_log_pkey', 'SELECT * FROM change_log WHERE fleet_id = $1 AND mutation_id = $2 LIMIT 1'],
  [
    'change_log_fleet_id_collection_version_key',
    `SELECT * FROM change_log WHERE fleet_id = $1 AND collection = 'a' AND version > length($2::text) ORDER BY version`,
  ],
  [
    'dead_letter_fleet_id_mutation_id_key',
    'SELECT * FROM dead_letter WHERE fleet_id = $1 AND mutation_id = $2 LIMIT 1',
  ],
  ['device_token_pkey', 'SELECT * FROM device_token WHERE fleet_id = $1 AND hash = $2::text'],
]

/** Plans are kept per connection: one made on an empty table serves the full one until statistics come. */
describe('plans made on empty tables', () => {
  const current = opened(BACKENDS[1] as (typeof BACKENDS)[number])
  let owner: pg.Client
  beforeAll(async () => {
    owner = new pg.Client({ connectionString: current().url ?? '' })
    await owner.connect()
    await owner.query('SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off')
  })
  afterAll(async () => {
    await owner.end()
  })

  it.each(LOOKUPS)('use %s', async (index, text) => {
    await owner.query(`PREPARE lookup(uuid, uuid) AS ${text}`)
    const id = '00000000-0000-7000-8000-000000000001'
    const { rows } = await owner.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE lookup('${id}', '${id}')`)
    await owner.query('DEALLOCATE lookup')
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain(` using ${index} `)
  })

  it('[DL3] go from a letter to those held behind it by the index of parents alone, at each level', async () => {
    await owner.query(`PREPARE held(uuid, uuid, bigint) AS ${HELD_BY.text}`)
    const id = '00000000-0000-7000-8000-000000000001'
    const { rows } = await owner.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN EXECUTE held('${id}', '${id}', 500)`,
    )
    await owner.query('DEALLOCATE held')
    const indices = rows.flatMap((row) => / using (dead_letter\w*) /.exec(row['QUERY PLAN'])?.[1] ?? [])
    const parents = 'dead_letter_fleet_id_parent_mutation_id_idx'
    expect(indices).toEqual([parents, parents, 'dead_letter_pkey'])
  })
})
