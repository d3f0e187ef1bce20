import { isJsonObject } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { ForeignSession, IngestSessionsResponse } from '#lib/protocol/ingest.ts'
import { foreignSession, ingestSessionsRequest } from '#lib/protocol/ingest.ts'
import { safeParse } from '#lib/protocol/safe-parse.ts'
import type { IngestKey } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import { noteIngested } from './note-ingested.ts'
import { storeForeignSessions } from './store-foreign-sessions.ts'

type Result = IngestSessionsResponse['results'][number]

/**
 * POST /ingest/sessions (docs/telemetry-in.md): each session is judged on its own; a bad one is refused with its
 * place, and the others stand. @throws ApplicationError `bad_request`
 */
export async function ingestSessions(
  ctx: Context,
  key: IngestKey,
  body: unknown,
): Promise<IngestSessionsResponse> {
  const { sessions } = parsedOrThrow(ingestSessionsRequest, body)
  const read = sessions.map((told) => ({ told, parsed: safeParse(foreignSession, told) }))
  const good: ForeignSession[] = read.flatMap(({ parsed }) => (parsed.success ? [parsed.data] : []))
  const outcomes = [...(await storeForeignSessions(ctx, key, good))]
  const results = read.map(({ told, parsed }): Result => {
    const sessionId = isJsonObject(told) && typeof told['sessionId'] === 'string' ? told['sessionId'] : ''
    const outcome = parsed.success ? outcomes.shift() : undefined
    if (outcome) return { sessionId, ...outcome }
    const [issue] = parsed.success ? [] : parsed.error.issues
    const detail = issue && `${toPointer(issue.path)} ${issue.message}`.trim()
    return { sessionId: sessionId.slice(0, 200), status: 'refused', code: 'bad_request', detail }
  })
  const count = (status: Result['status']): number => results.filter((one) => one.status === status).length
  const counted = { stored: count('stored'), duplicate: count('duplicate'), refused: count('refused') }
  await noteIngested(ctx, key, 'sessions', counted)
  return { results }
}
