import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MUTATIONS, RECORDS } from '#lib/storage/prisma/push-load.ts'
import { HELD_BY } from '#lib/storage/prisma/dead-letters.ts'
import { SETTLE } from '#lib/storage/prisma/operation-hold.ts'
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

  it('are made anew once a table has grown: of its collection a record was looked up among all', async () => {
    const { storage } = current()
    // Of ascending ids, as devices make them, this is where the key's index is one level taller than that of versions.
    await owner.query(
      `INSERT INTO record (fleet_id, collection, record_id, version, deleted, data, hlc, device_id, version_vector, schema_version, committed_at)
        SELECT $1::uuid, 'strike-reports', (lpad(to_hex(n), 32, '0'))::uuid, n, false, '{}', 'h', $1::uuid, '{}', 1, now()
        FROM generate_series(1, 18000) n`,
      ['00000000-0000-7000-8000-00000000c0f2'],
    )
    expect(await storage.maintenance.analyzeGrown()).toContain('public.record')
    expect(await storage.maintenance.analyzeGrown()).not.toContain('public.record')
    await owner.query(`PREPARE records(uuid, text[], uuid[]) AS ${RECORDS.text}`)
    const { rows } = await owner.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN EXECUTE records('00000000-0000-7000-8000-00000000c0f2', '{}', '{}')`,
    )
    await owner.query('DEALLOCATE records')
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain(' using record_pkey ')
  })

  it('[PU3] go from a mutation to its ancestors by the key of the log alone, link by link', async () => {
    await owner.query('SET enable_hashjoin = off; SET enable_mergejoin = off')
    await owner.query(`PREPARE ancestors(uuid, uuid[], bigint) AS ${MUTATIONS.text}`)
    const id = '00000000-0000-7000-8000-000000000001'
    const { rows } = await owner.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN EXECUTE ancestors('${id}', '{${id}}', 500)`,
    )
    await owner.query('DEALLOCATE ancestors; RESET enable_hashjoin; RESET enable_mergejoin')
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(plan.match(/ using \w+ on \w+/g)?.toSorted()).toEqual([
      ' using change_log_pkey on change_log',
      ' using change_log_pkey on change_log',
      ' using change_log_pkey on change_log',
      ' using dead_letter_fleet_id_mutation_id_key on dead_letter',
    ])
    // Read once, however long the chains are.
    expect(plan).toContain('hashed SubPlan')
    expect(plan).not.toMatch(/Seq Scan|Filter: .*fleet_id/)
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

  it('[DL13] settle members of an operation without looking for each of all among these', async () => {
    const fleet = '00000000-0000-7000-8000-00000000c0f3'
    const [all, settled] = [3_000, 100]
    await owner.query('BEGIN; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off')
    await owner.query('ALTER TABLE operation_item DISABLE TRIGGER ALL')
    await owner.query(
      `INSERT INTO operation_item (fleet_id, operation_id, ordinal, letter_id, state)
        SELECT $1::uuid, $1::uuid, n, gen_random_uuid(), 'pending' FROM generate_series(1, $2::int) n`,
      [fleet, all],
    )
    await owner.query(
      `PREPARE settle(uuid, uuid, int[], text[], text[], text[], text[], uuid[], timestamptz) AS ${SETTLE.text}`,
    )
    const list = (value: (n: number) => number | string): string =>
      `ARRAY[${Array.from({ length: settled }, (_, n) => value(n + 1)).join()}]`
    const none = list(() => 'NULL')
    const { rows } = await owner.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (ANALYZE, TIMING OFF) EXECUTE settle('${fleet}', '${fleet}', ${list((n) => n)}, ${list(() => `'done'`)},
        ${list(() => `'applied'`)}, ${none}::text[], ${none}::text[], ${none}::uuid[], now())`,
    )
    await owner.query('ROLLBACK; DEALLOCATE settle')
    const removed = rows.flatMap((row) => /by Join Filter: (\d+)/.exec(row['QUERY PLAN'])?.[1] ?? [])
    expect(removed.reduce((sum, count) => sum + Number(count), 0)).toBeLessThanOrEqual(settled * settled)
  })

  it.each(['record_id', 'device_id'])(
    '[CS7] find the conflicts of a %s where there are many, and not among all of them',
    async (of) => {
      const fleet = '00000000-0000-7000-8000-00000000c0f1'
      await owner.query(
        `INSERT INTO conflict (fleet_id, id, mutation_id, collection, record_id, device_id, strategy, outcome, fields, base_known,
            status, created_at)
          SELECT $1::uuid, gen_random_uuid(), gen_random_uuid(), 'a', r, r, 'lww', 'manual', '[]', false, 'open',
            now() - n * interval '1 s'
          FROM generate_series(1, 20000) n, LATERAL (SELECT (lpad((n % 500)::text, 32, '0'))::uuid AS r) k`,
        [fleet],
      )
      await owner.query('ANALYZE conflict')
      const { rows } = await owner.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN SELECT * FROM conflict c WHERE c.fleet_id = '${fleet}'
          AND c.${of} = ANY (ARRAY['00000000-0000-0000-0000-000000000007']::uuid[]) ORDER BY created_at, id LIMIT 25000`,
      )
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan).toContain(` conflict_fleet_id_${of}_created_at_id_idx `)
    },
  )
})
