import type { Mutation } from '#lib/protocol/mutation.ts'
import type { PushResponse } from '#lib/protocol/push.ts'
import type { Device } from '#lib/storage/ports.ts'
import { breakerOpen } from '../breakers/breaker-open.ts'
import type { BreakerPass } from '../breakers/pass.ts'
import { shedCollections } from '../breakers/shed-collections.ts'
import type { Context } from '../context.ts'
import { madeAtMs, storedReport } from '../devices/report-times.ts'
import { tellLetters } from '../devices/tell-letters.ts'
import { noteRegained } from '../restores/note-regained.ts'
import { parsePush } from './parse-push.ts'
import type { PushOutcome } from './push-job.ts'
import { submitPush } from './submit-push.ts'

export interface PushInput {
  readonly device: Device
  /** As named by this request. */
  readonly app: Pick<Device, 'appVersion' | 'platform'>
  /** The parsed JSON, not yet checked. */
  readonly body: unknown
  /** Of each mutation as it came; null when they can't be told apart. */
  readonly texts: readonly Uint8Array[] | null
  readonly receivedAtMs: number
  /** Ended by the caller, with what becomes of this push. */
  readonly pass: BreakerPass
}

type Answered = Extract<PushOutcome, { kind: 'answered' }>

/**
 * POST /push: checks the body, then waits for the transaction that this push shares with others.
 * @throws ApplicationError `bad_request`, `too_many_mutations`, `collection_forbidden`, `epoch_changed`,
 *   `device_revoked`, `device_paused`, `device_forked`, `request_id_reused`, `atomic_aborted`, `atomic_too_large`, `rate_limited`,
 *   `shed`, `breaker_open`, `database_unavailable`
 */
export async function push(ctx: Context, input: PushInput): Promise<Answered> {
  const { request, incoming, requestHash } = parsePush(input.body, input.texts)
  const report = storedReport(request.report, input.receivedAtMs)
  const { id: deviceId, fleetId } = input.device
  const shed = shedBy(ctx, input, request.mutations)
  const job = {
    kind: 'device',
    push: {
      deviceId,
      requestId: request.requestId,
      sessionId: request.sessionId,
      atomic: request.atomic ?? false,
      byDesk: false,
      mutations: incoming,
      device: { id: deviceId, ...input.app },
      verdicts: new Map(),
      replayOf: null,
      editOf: null,
      ...(shed && { shed }),
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
  } as const
  // FK1: a report that waits to be written is the one that this one follows, or is a copy of.
  await ctx.contacts.settle(input.device)
  const outcome = await submitPush(ctx, fleetId, job, (waitedMs) => input.pass.waited(waitedMs))
  if (outcome.kind === 'failed') throw outcome.error
  const acknowledged = request.acknowledged ?? []
  if (acknowledged.length > 0) {
    const { epoch, repeated, body } = outcome
    // Of a retry only the stored text is known: its first try may have ended before it was noted.
    const results = repeated ? (JSON.parse(body) as PushResponse).results : outcome.results
    await noteRegained(ctx, { fleetId, deviceId, epoch, acknowledged, results, atMs: input.receivedAtMs })
  }
  const told = request.report.ackCommands ?? []
  if (told.length === 0) return outcome
  await ctx.storage.devices.acknowledgeCommands(fleetId, deviceId, told, input.receivedAtMs)
  ctx.directory.forgetDevice(deviceId)
  await tellLetters(ctx, fleetId, deviceId)
  return { ...outcome, commands: outcome.commands.filter(({ id }) => !told.includes(id)) }
}

/**
 * The collections of this push that a breaker keeps shut, with the wait of each; null when none is.
 * @throws ApplicationError `breaker_open` when nothing is left to do: then nothing is stored
 */
function shedBy(
  ctx: Context,
  { device, pass }: PushInput,
  mutations: readonly Mutation[],
): ReadonlyMap<string, number> | null {
  const names = new Set(mutations.map(({ collection }) => collection))
  // A name that no collection has gets no breaker; it becomes a dead letter.
  const known = [...names].filter((name) =>
    ctx.groupCommit.rules.known(device.fleetId)?.collections.has(name),
  )
  const shut = shedCollections(ctx.breakers, pass, device.fleetId, known)
  const refusals = [...shut.values()]
  const soonest = refusals.toSorted((a, b) => a.retryAfterMs - b.retryAfterMs)[0]
  if (!soonest) return null
  if (shut.size === names.size) throw breakerOpen(soonest)
  return new Map([...shut].map(([name, { retryAfterMs }]) => [name, retryAfterMs]))
}
