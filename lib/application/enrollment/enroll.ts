import type { EnrollRequest, EnrollResponse } from '#lib/protocol/device.ts'
import { enrollRequest } from '#lib/protocol/device.ts'
import type { Device, EnrollmentKey } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { makeFleetCredential, parseCredential } from '../access/credentials.ts'
import { liveFleetKey } from '../access/live-fleet-key.ts'
import { addressKeys } from '../access/tries.ts'
import type { Context } from '../context.ts'
import { deviceConfig } from '../devices/device-config.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { CODE_LIFE_MAX_MS, keysOfCode, parseCode } from './enrollment-code.ts'

export interface EnrollInput {
  /** The enrollment key, or the code that stands for one, from the `Authorization` header. */
  readonly key: string | null
  /** Where the device asks from, for the audit log. */
  readonly address?: string | null
  /** Called once the key is known to be good. */
  readonly readBody: () => Promise<unknown>
}

/**
 * POST /enroll: a new device gets its token; a repeat of the same request within 24 h gets
 * another, and the earlier ones stay good: a copy that comes late must not shut out the device that has its answer.
 * A forked device names its former id and proves it by the former token; the ids are linked.
 * @throws ApplicationError `unauthorized`, `bad_request`, `device_id_taken`, `rate_limited`
 */
export async function enroll(ctx: Context, input: EnrollInput): Promise<EnrollResponse> {
  const key = await keyOf(ctx, input.key, input.address ?? null)
  const request = parsedOrThrow(enrollRequest, await input.readBody())
  const { fleetId } = key
  const nowMs = ctx.clock.now()
  const fleet = await ctx.storage.fleets.get(fleetId)
  if (!fleet) throw new ApplicationError('unauthorized')
  const made: Omit<Device, 'id'> = {
    ...request.device,
    fleetId,
    status: 'active',
    access: key.access,
    enrolledAtMs: nowMs,
    lastContactMs: nowMs,
    lastSessionOkMs: null,
    report: null,
    clockJumps: null,
    linkedIds: [],
    commands: [],
  }
  const formerId = await provenFormer(ctx, fleetId, request)
  const token = makeFleetCredential('device', fleetId)
  const enrollAs = (id: string) =>
    ctx.storage.devices.enroll(
      {
        device: { ...made, id },
        tokenHash: token.hash,
        requestId: request.requestId,
        keyId: key.id,
        nowMs,
        formerId,
      },
      auditEntry(ctx, deviceActor({ id, name: made.name }), {
        action: 'device.enroll',
        target: id,
        fleetId,
        after: { keyId: key.id, formerDeviceId: formerId },
        address: input.address ?? null,
      }),
    )
  const enrolled = () => ctx.storage.devices.findEnrolled(fleetId, request.requestId, nowMs)
  let id = request.deviceId ?? (await enrolled()) ?? ctx.ids()
  let outcome = await enrollAs(id)
  if (outcome === 'taken' && request.deviceId === undefined) {
    // A copy of this request was first: the device is the one that it has made meanwhile.
    id = (await enrolled()) ?? id
    outcome = await enrollAs(id)
  }
  if (outcome === 'gone') throw new ApplicationError('unauthorized')
  if (outcome === 'used_up')
    throw new ApplicationError('unauthorized', {
      detail: 'this enrollment key has enrolled as many devices as it may',
    })
  if (outcome === 'taken') throw new ApplicationError('device_id_taken')
  ctx.metrics.addFleet(fleetId)
  const collections = await ctx.storage.collections.list(fleetId)
  const config = deviceConfig(fleet, collections, key.access)
  return { deviceId: id, fleetId, epoch: fleet.epoch, token: token.text, config }
}

/** The live key that was shown, or that the code stands for; codes that lead nowhere are bounded by address and in all. */
async function keyOf(ctx: Context, shown: string | null, address: string | null): Promise<EnrollmentKey> {
  const live = (text: string | null) => liveFleetKey(ctx, 'enrollment', ctx.storage.enrollmentKeys, text)
  const code = shown === null ? null : parseCode(shown)
  if (code === null) return live(shown)
  const [from = 'unknown'] = addressKeys(address)
  const waitMs = ctx.rateLimiter.takeOfCode(from)
  if (waitMs !== null) throw new ApplicationError('rate_limited', { retryAfterMs: waitMs })
  const key = await keyOfCode(ctx, code, live)
  ctx.rateLimiter.giveBackOfCode(from)
  return key
}

/** A code holds as long as its key ends within a day of its making. @throws ApplicationError `unauthorized` */
async function keyOfCode(
  ctx: Context,
  code: string,
  live: (text: string) => Promise<EnrollmentKey>,
): Promise<EnrollmentKey> {
  for (const text of await keysOfCode(ctx, code)) {
    const key = await live(text).catch((error: unknown) => {
      if (error instanceof ApplicationError && error.tidemarkCode === 'unauthorized') return null
      throw error
    })
    const endsMs = key?.expiresAtMs ?? Infinity
    if (key && endsMs - key.createdAtMs <= CODE_LIFE_MAX_MS) return key
  }
  throw new ApplicationError('unauthorized')
}

export const deviceActor = (device: Pick<Device, 'id' | 'name'>) =>
  ({ kind: 'device', id: device.id, name: device.name, roles: {} }) as const

/**
 * The id that a forked device had: its token proves it, since what had an effect under a linked id
 * is told to the new one.
 */
async function provenFormer(
  ctx: Context,
  fleetId: string,
  { formerDeviceId, formerToken }: EnrollRequest,
): Promise<string | null> {
  if (formerDeviceId === undefined) return null
  const credential = formerToken === undefined ? null : parseCredential(formerToken)
  const former =
    credential?.kind === 'device' && credential.fleetId === fleetId
      ? await ctx.storage.devices.findByToken(fleetId, credential.hash, ctx.clock.now())
      : null
  if (former?.id !== formerDeviceId || former.status === 'revoked') {
    throw new ApplicationError('unauthorized', { detail: 'formerToken is no token of formerDeviceId' })
  }
  return formerDeviceId
}
