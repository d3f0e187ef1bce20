import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { ForeignClient } from '#lib/protocol/ingest.ts'
import { foreignClient } from '#lib/protocol/ingest.ts'
import { FOREIGN_DEVICES_MAX, TOLD_LOGS_PER_DEVICE_MAX } from '#lib/protocol/limits.ts'
import { safeParse } from '#lib/protocol/safe-parse.ts'
import type { IngestKey, SeenDevice, ToldLog } from '#lib/storage/ports.ts'
import type { LogRead } from '#lib/telemetry/otlp/logs-of-export.ts'
import { logsOfExport } from '#lib/telemetry/otlp/logs-of-export.ts'
import type { Context } from '../context.ts'
import { derivedId } from './derived-id.ts'
import type { ExportOutcome } from './ingest-traces.ts'
import { noteIngested } from './note-ingested.ts'
import { AGE_MAX_MS } from './store-foreign-sessions.ts'

/** Logs of one statement, so that none holds its rows for long. */
const PER_STORE_MAX = 500

/**
 * POST /api/otlp/v1/logs: what clients of another engine logged, kept beside their device and the session that it names.
 * The same export again has no second effect. A log is no contact: when its device was heard last stays as it is.
 * @param request an ExportLogsServiceRequest, as JSON or as it was read from protobuf
 */
export async function ingestLogs(ctx: Context, key: IngestKey, request: unknown): Promise<ExportOutcome> {
  const read = logsOfExport(request)
  const reasons = read.reason === null ? [] : [read.reason]
  const nowMs = ctx.clock.now()
  const good: { readonly log: ToldLog; readonly client: ForeignClient }[] = []
  for (const told of read.logs) {
    const parsed = safeParse(foreignClient, told.client)
    const [issue] = parsed.success ? [] : parsed.error.issues
    if (!parsed.success) reasons.push(`a client’s ${toPointer(issue?.path ?? [])} ${issue?.message ?? ''}`)
    else if (told.atMs < nowMs - AGE_MAX_MS) reasons.push('a log record is more than 35 days old')
    else good.push({ log: rowOf(key, told, parsed.data.id, nowMs), client: parsed.data })
  }
  let refused = read.rejected + read.logs.length - good.length
  let duplicate = 0
  for (let i = 0; i < good.length; i += PER_STORE_MAX) {
    const part = good.slice(i, i + PER_STORE_MAX)
    const statuses = await seen(ctx, key, part, nowMs)
    const isLive = ({ log }: (typeof part)[number]): boolean => statuses.get(log.deviceId) === 'active'
    const logs = part.filter(isLive).map(({ log }) => log)
    const gone = part.find((each) => !isLive(each))
    if (gone)
      reasons.push(
        statuses.has(gone.log.deviceId)
          ? 'an operator revoked this device'
          : `a fleet has at most ${FOREIGN_DEVICES_MAX} devices of other engines`,
      )
    refused += part.length - logs.length
    if (logs.length > 0)
      duplicate +=
        logs.length - (await ctx.storage.ingest.storeLogs(key.fleetId, logs, TOLD_LOGS_PER_DEVICE_MAX))
  }
  const stored = read.rejected + read.logs.length - refused - duplicate
  await noteIngested(ctx, key, 'logs', { stored, duplicate, refused })
  return { rejected: refused, reason: reasons[0] ?? null }
}

function rowOf({ fleetId, source }: IngestKey, told: LogRead, clientId: string, nowMs: number): ToldLog {
  const { sessionId, level, text, code } = told
  const deviceId = derivedId(fleetId, source, 'client', clientId)
  const names = [clientId, sessionId ?? '', String(told.atMs), level, text, code ?? '']
  return {
    id: derivedId(fleetId, source, 'log', ...names),
    deviceId,
    sessionId: sessionId === null ? null : derivedId(fleetId, source, 'session', sessionId),
    atMs: Math.min(told.atMs, nowMs),
    level,
    text,
    code,
  }
}

/** The devices of these logs, each once. */
function seen(
  ctx: Context,
  { fleetId, source }: IngestKey,
  logs: readonly { readonly log: ToldLog; readonly client: ForeignClient }[],
  nowMs: number,
) {
  const devices = new Map<string, SeenDevice>()
  for (const { log, client } of logs) {
    const { id, ...info } = client
    const name = client.name ?? id.slice(0, 120)
    devices.set(log.deviceId, { ...info, name, source, id: log.deviceId, lastContactMs: null })
  }
  return ctx.storage.ingest.seen(fleetId, [...devices.values()], nowMs, FOREIGN_DEVICES_MAX)
}
