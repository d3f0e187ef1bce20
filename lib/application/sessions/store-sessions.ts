import { safeParse } from '#lib/protocol/safe-parse.ts'
import { isLegal } from '#lib/engine/session-machine.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import type { SessionReport, SessionsResponse } from '#lib/protocol/session.ts'
import { sessionReport, sessionsRequest } from '#lib/protocol/session.ts'
import type { Device, SessionOutcome, SessionRow } from '#lib/storage/ports.ts'
import { sessionEvent } from '#lib/telemetry/session-event.ts'
import type { Context } from '../context.ts'
import { serverTimeMs } from '../devices/report-times.ts'
import { parsedOrThrow } from '../errors.ts'
import type { StateVerdict } from './check-state.ts'
import { checkState } from './check-state.ts'

export interface StoreSessionsInput {
  readonly device: Device
  readonly app: Pick<Device, 'appVersion' | 'platform'>
  readonly body: unknown
}

type Verdict = SessionsResponse['results'][number]

/**
 * POST /sessions: each report is judged on its own, a bad one is refused and the others stand. So is one
 * under the id of another device's session (`other_device`).
 * Times are corrected by the offset sent with the reports, else by the device's last one.
 */
export async function storeSessions(ctx: Context, input: StoreSessionsInput): Promise<SessionsResponse> {
  const { sessions, offsetMs } = parsedOrThrow(sessionsRequest, input.body)
  const { device } = input
  const offset = offsetMs ?? device.report?.offsetMs ?? 0
  const rows = sessions.map((report) => rowOf(ctx, input, report, offset))
  const good = rows.flatMap((row) => row ?? [])
  const version = ctx.requests.liveVersion(device.fleetId, input.app.appVersion)
  const events = good.map((row) => sessionEvent({ ...row, appVersion: version }))
  const outcomes = good.length === 0 ? [] : await ctx.storage.sessions.store(device.fleetId, good, events)
  for (const [i, outcome] of outcomes.entries()) {
    const event = events[i]
    if (outcome === 'stored' && event) ctx.metrics.observeEvent(device.fleetId, event)
  }
  const tokens = new Map(sessions.map((report) => [idOf(report), stateTokenOf(report)]))
  const verdict = await stateVerdict(ctx, device, good, outcomes, tokens)
  let next = 0
  const results = rows.map((row, i): Verdict => {
    if (!row) return { sessionId: idOf(sessions[i]), status: 'refused', code: 'bad_request' }
    const status = outcomes[next++] ?? 'duplicate'
    if (status === 'other_device') return { sessionId: row.sessionId, status: 'refused', code: status }
    const differs = verdict?.sessionId === row.sessionId && verdict.state === 'differs'
    return { sessionId: row.sessionId, status, ...(differs && { resync: 'state_hash' as const }) }
  })
  return { results }
}

/** Only the last report that is new and tells a state is compared: earlier ones are history. */
async function stateVerdict(
  ctx: Context,
  device: Device,
  rows: readonly SessionRow[],
  outcomes: readonly SessionOutcome[],
  tokens: ReadonlyMap<string, string | undefined>,
): Promise<{ readonly sessionId: string; readonly state: StateVerdict } | null> {
  const row = rows.findLast(({ stateHash }, i) => stateHash !== undefined && outcomes[i] === 'stored')
  if (!row) return null
  const state = await checkState(ctx, device, {
    stateHash: row.stateHash,
    stateToken: tokens.get(row.sessionId),
  })
  ctx.metrics.observeStateCheck(device.fleetId, state)
  if (state === 'differs') ctx.log.warn('a device holds another state', { deviceId: device.id })
  return { sessionId: row.sessionId, state }
}

const idOf = (report: unknown): string =>
  isJsonObject(report) && isUuid(report['sessionId']) ? report['sessionId'] : ''

const stateTokenOf = (report: unknown): string | undefined =>
  isJsonObject(report) && typeof report['stateToken'] === 'string' ? report['stateToken'] : undefined

/** Null when the report is not one, or ends before it starts. */
function rowOf(
  ctx: Context,
  input: StoreSessionsInput,
  report: unknown,
  toldOffsetMs: number,
): SessionRow | null {
  const parsed = safeParse(sessionReport, report)
  if (!parsed.success) return null
  const { startedAt, endedAt, stateToken: _, ...rest } = parsed.data
  const { device, app } = input
  const receivedAtMs = ctx.clock.now()
  // A device whose clock is not well measured must not put a session into the future: all of it is moved, so that it stays
  // as long as it was, and its steps stand where they stood in it.
  const aheadMs = Math.max(0, serverTimeMs(endedAt, toldOffsetMs) - receivedAtMs)
  const offsetMs = toldOffsetMs - aheadMs
  const [startedAtMs, endedAtMs] = [serverTimeMs(startedAt, offsetMs), serverTimeMs(endedAt, offsetMs)]
  if (Date.parse(startedAt) > Date.parse(endedAt)) return null
  return {
    ...rest,
    ...app,
    fleetId: device.fleetId,
    deviceId: device.id,
    deviceName: device.name,
    startedAtMs,
    endedAtMs,
    offsetMs,
    receivedAtMs,
    illegalTransitions: illegalCount(parsed.data),
    inferred: false,
  }
}

/** A device that reports what the table doesn't allow is defective: counted, not refused. */
const illegalCount = ({ transitions }: SessionReport): number =>
  transitions.filter((transition) => !isLegal(transition)).length
