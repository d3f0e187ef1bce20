import { ingestSessions } from '#lib/application/ingest/ingest-sessions.ts'
import { problemAnswer } from '../problem.ts'
import { readJson } from '../read-json.ts'
import type { IngestRoute } from './ingest-route.ts'

export const OTLP_PREFIX = '/api/otlp/'

const sessions: IngestRoute = {
  answer: async (ctx, key, request) => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(await ingestSessions(ctx, key, await readJson(request))),
  }),
  problem: (error, requestId) => problemAnswer(error, requestId),
}

/** Receivers of telemetry by path (protocol.md, telemetry in). */
export const INGEST_ROUTES: ReadonlyMap<string, IngestRoute> = new Map([
  ['/api/v1/ingest/sessions', sessions],
])
