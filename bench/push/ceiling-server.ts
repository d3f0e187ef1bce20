/**
 * What any server of pushes must do at least: read the body and parse it. With the argument `insert` it also writes
 * the mutations, with `upsert` the newest of each record. It checks and keeps nothing else.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PushRequest } from '#lib/protocol/push.ts'
import { openInserts } from './insert.ts'
import { serve } from './serve.ts'

const mode = process.argv[2] as 'parse' | 'insert' | 'upsert'
const inserts = mode === 'parse' ? null : await openInserts()
await serve(
  (request, response) => void answer(request, response),
  async () => inserts?.close(),
)

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const push = JSON.parse(Buffer.concat(chunks).toString('utf8')) as PushRequest
  if (inserts && mode !== 'parse') await inserts[mode](push)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ requestId: push.requestId, count: push.mutations.length }))
}
