/**
 * What any server of pulls must do at least: find the next rows by index, write them as JSON, compress it as Tidemark
 * does. The documents lie there as text. It checks, decides and notes nothing; a token is a version.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import pg from 'pg'
import { compress } from '#lib/http/compress.ts'
import { serve } from '../push/serve.ts'

/** As many as the application's own pool has. */
const CONNECTIONS = 10
const PAGE = 500
const SELECT = 'SELECT version, head, data FROM bench_ceiling WHERE version > $1 ORDER BY version LIMIT $2'

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: CONNECTIONS })
await serve(
  (request, response) => void answer(request, response),
  () => pool.end(),
)

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const held = Number(new URL(request.url ?? '/', 'http://ceiling').searchParams.get('token'))
  const { rows } = await pool.query<{ version: string; head: string; data: string }>({
    name: 'pull',
    text: SELECT,
    values: [held, PAGE],
  })
  const token = rows.at(-1)?.version ?? String(held)
  // `head` is all of a record but its document, and lacks the closing brace.
  const changes = rows.map(({ head, data }) => `${head},"data":${data}}`).join(',')
  const text = `{"changes":[${changes}],"token":"${token}","hasMore":${rows.length === PAGE}}`
  const { body, headers } = await compress(text, request.headers['accept-encoding'] as string)
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body)
}
