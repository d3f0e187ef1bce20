import { z } from 'zod'
import { COMMAND_TYPES } from '#lib/protocol/command.ts'
import { DEVICES_COMMANDED_MAX } from '#lib/protocol/limits.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { DEVICE_FIELDS } from '#lib/query/device-fields.ts'
import type { Device } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, isApplicationError, parsedOrThrow } from '../errors.ts'
import { filterInput } from '../filter.ts'
import { derivedId } from '../ingest/derived-id.ts'
import { listPages } from '../list-pages.ts'
import { commandDevice } from './command-device.ts'
import { listDevices } from './list-devices.ts'

const REASON_MAX = 500
/** Devices that are told at a time: each is a transaction of its own. */
const AT_A_TIME = 8

export const devicesCommandInput = z.strictObject({
  /** A revocation is for one device, by its name. */
  type: z.enum([...COMMAND_TYPES.filter((type) => type !== 'send_diagnostics'), 'diagnostics']),
  q: filterInput(DEVICE_FIELDS),
  /** How many match, as whoever asks has seen it: no device is told that nobody meant. */
  count: z.int().min(1),
  reason: z.string().trim().min(1).max(REASON_MAX),
  /** Made by the caller: a repeat tells no device twice, and goes on where the first one ended. */
  id: uuid,
})

/** What became of a command to many, by devices. */
export interface CommandedDevices {
  readonly id: string
  readonly told: number
  readonly revoked: number
  /** They sync with another engine, which is told nothing. */
  readonly foreign: number
  /** As many commands wait for them as may. */
  readonly full: number
}

/**
 * POST /devices/commands: tells all devices that match `q` the same, each by a command of its own in the audit log.
 * @throws ApplicationError `not_found`, `forbidden`, `bad_request`, `count_changed`
 */
export async function commandDevices(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<CommandedDevices> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const { type, q, count, reason, id } = parsedOrThrow(devicesCommandInput, input.body)
  const devices = await matchingDevices(ctx, { actor, fleetId, q })
  if (devices.length !== count)
    throw new ApplicationError('count_changed', { extra: { matched: devices.length } })

  const outcomes: Outcome[] = []
  for (let from = 0; from < devices.length; from += AT_A_TIME) {
    const tell = async (device: Device): Promise<Outcome> => {
      if (device.source !== undefined) return 'foreign'
      const body = { type, reason, id: derivedId(id, device.id) }
      return outcomeOf(commandDevice(ctx, { actor, fleetId, id: device.id, body }))
    }
    outcomes.push(...(await Promise.all(devices.slice(from, from + AT_A_TIME).map(tell))))
  }
  const of = (outcome: Outcome): number => outcomes.filter((one) => one === outcome).length
  return { id, told: of('told'), revoked: of('revoked'), foreign: of('foreign'), full: of('full') }
}

type Outcome = 'told' | 'revoked' | 'foreign' | 'full'

/** All before the first is told: a device that is paused may match no longer. */
async function matchingDevices(
  ctx: Context,
  { actor, fleetId, q }: { readonly actor: Actor; readonly fleetId: string; readonly q: string | undefined },
): Promise<readonly Device[]> {
  const devices: Device[] = []
  for await (const page of listPages((at) => listDevices(ctx, { actor, fleetId, query: { q, ...at } }))) {
    devices.push(...page)
    if (devices.length > DEVICES_COMMANDED_MAX)
      throw badRequest([
        { path: '/q', message: `takes more than ${DEVICES_COMMANDED_MAX} devices: narrow it` },
      ])
  }
  return devices
}

async function outcomeOf(telling: Promise<unknown>): Promise<Outcome> {
  try {
    await telling
    return 'told'
  } catch (error) {
    if (!isApplicationError(error)) throw error
    if (error.tidemarkCode === 'too_many_commands') return 'full'
    // One that was removed meanwhile is as gone.
    if (error.tidemarkCode === 'device_is_revoked' || error.tidemarkCode === 'not_found') return 'revoked'
    throw error
  }
}
