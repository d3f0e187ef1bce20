import { z } from 'zod'
import { COMMAND_TYPES } from '#lib/protocol/command.ts'
import { DEVICES_COMMANDED_MAX } from '#lib/protocol/limits.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { safeParse } from '#lib/protocol/safe-parse.ts'
import { DEVICE_FIELDS } from '#lib/query/device-fields.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, isApplicationError, parsedOrThrow } from '../errors.ts'
import { filterInput } from '../filter.ts'
import { derivedId } from '../ingest/derived-id.ts'
import { commandDevice, REASON_MAX, STATUS_AFTER } from './command-device.ts'
import { matchingDevices } from './list-devices.ts'

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
  /** Paused or active before, which is what they were to become. */
  readonly already: number
  readonly revoked: number
  /** They sync with another engine, which is told nothing. */
  readonly foreign: number
  /** As many commands wait for them as may. */
  readonly full: number
}

/**
 * POST /devices/commands: tells all devices that match `q` the same, each by a command of its own in the audit log. Who
 * they are is kept with the first call, so that a repeat is for the same ones, whatever matches by then.
 * @throws ApplicationError `not_found`, `forbidden`, `bad_request`, `count_changed`, `request_id_reused`
 */
export async function commandDevices(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<CommandedDevices> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const order = parsedOrThrow(devicesCommandInput, input.body)
  const meant = (await keptOrder(ctx, fleetId, order)) ?? (await keepOrder(ctx, actor, fleetId, order))

  const { type, reason, id: orderId } = order
  const outcomes: Outcome[] = []
  for (let from = 0; from < meant.devices.length; from += AT_A_TIME) {
    const tell = async (id: string): Promise<Outcome> => {
      const commandId = derivedId(orderId, id)
      const device = await ctx.storage.devices.get(fleetId, id)
      const isKnown = device?.commands.some((command) => command.id === commandId) === true
      if (device && !isKnown && device.status === STATUS_AFTER[type]) return 'already'
      const body = { type, reason, id: commandId }
      return outcomeOf(commandDevice(ctx, { actor, fleetId, id, body, orderId }))
    }
    outcomes.push(...(await Promise.all(meant.devices.slice(from, from + AT_A_TIME).map(tell))))
  }
  const of = (outcome: Outcome): number => outcomes.filter((one) => one === outcome).length
  const foreign = meant.matched - meant.devices.length
  return {
    id: orderId,
    told: of('told'),
    already: of('already'),
    revoked: of('revoked'),
    foreign,
    full: of('full'),
  }
}

type Order = z.output<typeof devicesCommandInput>
type Outcome = 'told' | 'already' | 'revoked' | 'full'

/** Whom an order is for, as the audit log keeps it: those that sync with the engine in here. */
const meantDevices = z.looseObject({
  q: z.string(),
  matched: z.int(),
  devices: z.array(uuid).max(DEVICES_COMMANDED_MAX),
})
type Meant = z.output<typeof meantDevices>

const actionOf = ({ type }: Order): string => `devices.${type}`

/** Of an earlier call. @throws ApplicationError `request_id_reused` when the id stands for anything else */
async function keptOrder(ctx: Context, fleetId: string, order: Order): Promise<Meant | null> {
  const [entry] = await ctx.storage.audit.ofTarget(fleetId, order.id, 1)
  if (!entry) return null
  const kept = safeParse(meantDevices, entry.after)
  const isSame = entry.action === actionOf(order) && entry.reason === order.reason
  if (!kept.success || !isSame || kept.data.q !== (order.q ?? ''))
    throw new ApplicationError('request_id_reused')
  return kept.data
}

/** All before the first is told: a device that is paused may match no longer. */
async function keepOrder(ctx: Context, actor: Actor, fleetId: string, order: Order): Promise<Meant> {
  const { id, q = '', count, reason } = order
  const matching = await matchingDevices(ctx, { fleetId, q, limit: DEVICES_COMMANDED_MAX + 1 })
  if (matching.length > DEVICES_COMMANDED_MAX)
    throw badRequest([{ path: '/q', message: `takes more than ${DEVICES_COMMANDED_MAX} devices: narrow it` }])
  const matched = matching.length
  if (matched !== count) throw new ApplicationError('count_changed', { extra: { matched } })
  const own = matching.filter(({ source }) => source === undefined)
  const meant = { q, matched, devices: own.map((device) => device.id) }
  await ctx.storage.audit.append(
    auditEntry(ctx, actor, { action: actionOf(order), target: id, fleetId, reason, after: meant }),
  )
  return meant
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
