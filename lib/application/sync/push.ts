import type { Device } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { madeAtMs, storedReport } from '../devices/report-times.ts'
import { parsePush } from './parse-push.ts'
import type { PushOutcome } from './push-job.ts'

export interface PushInput {
  readonly device: Device
  /** As named by this request. */
  readonly app: Pick<Device, 'appVersion' | 'platform'>
  /** The parsed JSON, not yet checked. */
  readonly body: unknown
  readonly receivedAtMs: number
}

type Answered = Extract<PushOutcome, { kind: 'answered' }>

/**
 * POST /push (protocol.md): checks the body, then waits for the transaction that this push shares with others.
 * @throws ApplicationError `bad_request`, `too_many_mutations`, `collection_forbidden`, `epoch_changed`,
 *   `device_revoked`, `device_paused`, `device_forked`, `request_id_reused`, `atomic_aborted`, `shed`,
 *   `database_unavailable`
 */
export async function push(ctx: Context, input: PushInput): Promise<Answered> {
  const { request, incoming, requestHash } = parsePush(input.body)
  const report = storedReport(request.report, input.receivedAtMs)
  const { id: deviceId, fleetId } = input.device
  const outcome = await ctx.groupCommit.submit(fleetId, {
    kind: 'device',
    push: {
      deviceId,
      requestId: request.requestId,
      sessionId: request.sessionId,
      atomic: request.atomic ?? false,
      mutations: incoming,
      replayOf: null,
    },
    platform: input.app.platform,
    appVersion: input.app.appVersion,
    countedVersion: ctx.requests.liveVersion(fleetId, input.app.appVersion),
    madeAtMs: new Map(
      request.mutations.map((mutation) => [mutation.id, madeAtMs(mutation, report.offsetMs)]),
    ),
    receivedAtMs: input.receivedAtMs,
    sessionId: request.sessionId,
    epoch: request.epoch,
    requestHash,
    report,
  })
  if (outcome.kind === 'failed') throw outcome.error
  return outcome
}
