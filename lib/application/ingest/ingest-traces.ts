import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { ForeignSession } from '#lib/protocol/ingest.ts'
import { foreignSession } from '#lib/protocol/ingest.ts'
import { safeParse } from '#lib/protocol/safe-parse.ts'
import type { IngestKey } from '#lib/storage/ports.ts'
import { sessionsOfTraces } from '#lib/telemetry/otlp/sessions-of-traces.ts'
import type { Context } from '../context.ts'
import { noteIngested } from './note-ingested.ts'
import { storeForeignSessions } from './store-foreign-sessions.ts'

/** Sessions of one statement, so that none holds its rows for long. */
const PER_STORE_MAX = 200

/** What an export's `partialSuccess` tells: `reason` is null when all was taken. */
export interface ExportOutcome {
  readonly rejected: number
  readonly reason: string | null
}

/**
 * POST /api/otlp/v1/traces: the sync sessions among an export's spans. The same export again has no second effect.
 * @param request an ExportTraceServiceRequest, as JSON or as it was read from protobuf
 */
export async function ingestTraces(ctx: Context, key: IngestKey, request: unknown): Promise<ExportOutcome> {
  const read = sessionsOfTraces(request, (unixMs) => new Date(unixMs).toISOString())
  const reasons = read.reason === null ? [] : [read.reason]
  const good: ForeignSession[] = []
  for (const told of read.sessions) {
    const parsed = safeParse(foreignSession, told)
    if (parsed.success) good.push(parsed.data)
    else {
      const [issue] = parsed.error.issues
      reasons.push(`a session’s ${issue ? `${toPointer(issue.path)} ${issue.message}` : 'fields'}`)
    }
  }
  let rejected = read.rejected + read.sessions.length - good.length
  const results = { stored: 0, duplicate: 0 }
  for (let i = 0; i < good.length; i += PER_STORE_MAX) {
    for (const outcome of await storeForeignSessions(ctx, key, good.slice(i, i + PER_STORE_MAX))) {
      if (outcome.status !== 'refused') {
        results[outcome.status] += 1
        continue
      }
      rejected += 1
      reasons.push(outcome.detail)
    }
  }
  await noteIngested(ctx, key, 'traces', { ...results, refused: rejected })
  return { rejected, reason: reasons[0] ?? null }
}
