import pg from 'pg'
import type { PushRequest } from '#lib/protocol/push.ts'

/** As many as the application's own pool has. */
const CONNECTIONS = 10
const CREATE = `
  CREATE TABLE IF NOT EXISTS bench_ceiling (
    mutation_id uuid PRIMARY KEY, collection text, record_id uuid, made_at timestamptz, mutation json)`
const INSERT = `
  INSERT INTO bench_ceiling
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[], $5::json[])`

const CREATE_HOT = `
  CREATE TABLE IF NOT EXISTS bench_hot (record_id uuid PRIMARY KEY, hlc text COLLATE "C", mutation json)`
/** One statement for all, in the order of their ids, so that two of them never wait for each other. */
const UPSERT = `
  INSERT INTO bench_hot
  SELECT DISTINCT ON (record_id) * FROM unnest($1::uuid[], $2::text[], $3::json[]) AS m(record_id, hlc, mutation)
  ORDER BY record_id, hlc COLLATE "C" DESC
  ON CONFLICT (record_id) DO UPDATE SET hlc = excluded.hlc, mutation = excluded.mutation
  WHERE bench_hot.hlc < excluded.hlc`

/** The least that keeps the mutations of a push: one transaction of one `unnest` insert for each stream. */
export interface Inserts {
  insert(push: PushRequest): Promise<void>
  /** Keeps of each record the newest stamp's mutation. */
  upsert(push: PushRequest): Promise<void>
  close(): Promise<void>
}

export async function openInserts(): Promise<Inserts> {
  const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: CONNECTIONS })
  await pool.query(`${CREATE}; ${CREATE_HOT}`)
  return {
    insert: async (push) => {
      for (const stream of streamsOf(push)) await insert(pool, stream)
    },
    upsert: ({ mutations }) =>
      inTransaction(pool, {
        name: 'upsert',
        text: UPSERT,
        values: [
          mutations.map(({ recordId }) => recordId),
          mutations.map(({ hlc }) => hlc),
          mutations.map((mutation) => JSON.stringify(mutation)),
        ],
      }),
    close: () => pool.end(),
  }
}

function streamsOf({ mutations }: PushRequest): readonly PushRequest['mutations'][] {
  const names = new Set(mutations.map(({ collection }) => collection))
  return [...names].map((name) => mutations.filter(({ collection }) => collection === name))
}

const insert = (from: pg.Pool, mutations: PushRequest['mutations']): Promise<void> =>
  inTransaction(from, {
    name: 'insert',
    text: INSERT,
    values: [
      mutations.map(({ id }) => id),
      mutations.map(({ collection }) => collection),
      mutations.map(({ recordId }) => recordId),
      mutations.map(({ madeAt }) => madeAt),
      mutations.map((mutation) => JSON.stringify(mutation)),
    ],
  })

async function inTransaction(from: pg.Pool, query: pg.QueryConfig): Promise<void> {
  const client = await from.connect()
  try {
    await client.query('BEGIN')
    await client.query(query)
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}
