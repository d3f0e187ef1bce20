import { ingestLogs } from '#lib/application/ingest/ingest-logs.ts'
import { ingestMetrics } from '#lib/application/ingest/ingest-metrics.ts'
import { ingestSessions } from '#lib/application/ingest/ingest-sessions.ts'
import { ingestTraces } from '#lib/application/ingest/ingest-traces.ts'
import { LOGS_MESSAGE } from '#lib/telemetry/otlp/logs-message.ts'
import { METRICS_MESSAGE } from '#lib/telemetry/otlp/metrics-message.ts'
import { TRACES_MESSAGE } from '#lib/telemetry/otlp/trace-message.ts'
import { problemAnswer } from '../problem.ts'
import { readJson } from '../read-json.ts'
import type { IngestRoute } from './ingest-route.ts'
import { exportAnswer, exportProblem, readExport } from './otlp-http.ts'
import { remoteWrite } from './remote-write.ts'

export const OTLP_PREFIX = '/api/otlp/'

const sessions: IngestRoute = {
  answer: async (ctx, key, request) => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(await ingestSessions(ctx, key, await readJson(request))),
  }),
  problem: (error, requestId) => problemAnswer(error, requestId),
}

const traces: IngestRoute = {
  answer: async (ctx, key, request) => {
    const outcome = await ingestTraces(ctx, key, await readExport(request, TRACES_MESSAGE))
    return exportAnswer(request, outcome, 'rejectedSpans')
  },
  problem: exportProblem,
}

const metrics: IngestRoute = {
  answer: async (ctx, key, request) => {
    const outcome = await ingestMetrics(ctx, key, await readExport(request, METRICS_MESSAGE))
    return exportAnswer(request, outcome, 'rejectedDataPoints')
  },
  problem: exportProblem,
}

const logs: IngestRoute = {
  answer: async (ctx, key, request) => {
    const outcome = await ingestLogs(ctx, key, await readExport(request, LOGS_MESSAGE))
    return exportAnswer(request, outcome, 'rejectedLogRecords')
  },
  problem: exportProblem,
}

/** Receivers of telemetry by path (docs/telemetry-in.md). */
export const INGEST_ROUTES: ReadonlyMap<string, IngestRoute> = new Map([
  ['/api/v1/ingest/sessions', sessions],
  ['/api/v1/ingest/prometheus/write', remoteWrite],
  [`${OTLP_PREFIX}v1/traces`, traces],
  [`${OTLP_PREFIX}v1/metrics`, metrics],
  [`${OTLP_PREFIX}v1/logs`, logs],
])
