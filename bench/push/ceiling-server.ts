/**
 * What any server of pushes must do at least: read the body and parse it. With the argument `insert` it also writes
 * the mutations, in one transaction of one `unnest` insert for each stream. It checks, decides and keeps nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import pg from 'pg'
import type { PushRequest } from '#lib/protocol/push.ts'
import { serve } from './serve.ts'

/** As many as the application's own pool has. */
const CONNECTIONS = 10
const CREATE = `
  CREATE TABLE IF NOT EXISTS bench_ceiling (
    mutation_id uuid PRIMARY KEY, collection text, record_id uuid, made_at timestamptz, mutation json)`
const INSERT = `
  INSERT INTO bench_ceiling
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[], $5::json[])`

const connectionString = process.env['DATABASE_URL']
const pool = process.argv[2] === 'insert' ? new pg.Pool({ connectionString, max: CONNECTIONS }) : null
await pool?.query(CREATE)
await serve(
  (request, response) => void answer(request, response),
  async () => pool?.end(),
)

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const push = JSON.parse(Buffer.concat(chunks).toString('utf8')) as PushRequest
  if (pool) for (const stream of streamsOf(push)) await insert(pool, stream)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ requestId: push.requestId, count: push.mutations.length }))
}

function streamsOf({ mutations }: PushRequest): readonly PushRequest['mutations'][] {
  const names = new Set(mutations.map(({ collection }) => collection))
  return [...names].map((name) => mutations.filter(({ collection }) => collection === name))
}

async function insert(from: pg.Pool, mutations: PushRequest['mutations']): Promise<void> {
  const client = await from.connect()
  try {
    await client.query('BEGIN')
    await client.query({
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
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}
