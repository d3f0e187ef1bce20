import { z } from 'zod'
import { COMMAND_TYPES } from '#lib/protocol/command.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { DeviceCommand, DeviceStatus } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { wireCommands } from './wire-commands.ts'

const DAY_MS = 86_400_000
/** How long a command waits for its device when the operator doesn't say. */
const COMMAND_LIFE_MS = 7 * DAY_MS
const COMMAND_LIFE_MAX_MS = 90 * DAY_MS
export const REASON_MAX = 500

export const commandInput = z.strictObject({
  type: z.enum([...COMMAND_TYPES, 'diagnostics', 'revoke']),
  reason: z.string().trim().min(1).max(REASON_MAX).optional(),
  /** Made by the caller, so that a repeat is the same command. */
  id: uuid.optional(),
  expiresInMs: z.int().min(1_000).max(COMMAND_LIFE_MAX_MS).optional(),
})

/** A pause holds at once and by itself; its command only tells the device. */
export const STATUS_AFTER: Readonly<Record<string, DeviceStatus>> = {
  pause: 'paused',
  resume: 'active',
  revoke: 'revoked',
}

export interface IssuedCommand extends Omit<DeviceCommand, 'type' | 'expiresAtMs'> {
  readonly type: DeviceCommand['type'] | 'revoke'
  /** Null for a revocation: the device's credential ends at once, and there is nothing to deliver. */
  readonly expiresAtMs: number | null
  readonly deviceId: string
  readonly deviceStatus: DeviceStatus
}

/**
 * POST /devices/:id/commands: tells a device to do something; it hears of it with its next answer or by its stream.
 * @throws ApplicationError `not_found`, `forbidden`, `bad_request`, `too_many_commands`, `device_is_revoked`
 */
export async function commandDevice(
  ctx: Context,
  input: {
    readonly actor: Actor
    readonly fleetId: string
    readonly id: string
    readonly body: unknown
    /** Of the order to many devices that this is a part of. */
    readonly orderId?: string
  },
): Promise<IssuedCommand> {
  const { actor, fleetId, id: deviceId } = input
  authorize(actor, fleetId, 'operator')
  const { type: asked, reason, ...wanted } = parsedOrThrow(commandInput, input.body)
  if (asked === 'revoke' && reason === undefined)
    throw badRequest([{ path: '/reason', message: 'a revocation needs one' }])
  const known = await ctx.storage.devices.get(fleetId, deviceId)
  if (known?.source !== undefined && asked !== 'revoke')
    throw badRequest([
      { path: '/type', message: 'the device syncs with another engine: it can be revoked, and told nothing' },
    ])
  const type = asked === 'diagnostics' ? 'send_diagnostics' : asked
  const nowMs = ctx.clock.now()
  const id = wanted.id ?? ctx.ids()
  const issued = { id, reason: reason ?? null, issuedAtMs: nowMs, acknowledgedAtMs: null }
  const expiresAtMs = nowMs + (wanted.expiresInMs ?? COMMAND_LIFE_MS)
  const command = type === 'revoke' ? null : { ...issued, type, expiresAtMs }
  const audit = auditEntry(ctx, actor, {
    action: `device.${type}`,
    target: deviceId,
    fleetId,
    reason: reason ?? null,
    after: { commandId: id, ...(input.orderId === undefined ? {} : { orderId: input.orderId }) },
  })
  const order = { command, status: STATUS_AFTER[type] ?? null, nowMs }
  const device = await ctx.storage.devices.command(fleetId, deviceId, order, audit)
  if (device === 'unknown') throw new ApplicationError('not_found')
  if (device === 'full') throw new ApplicationError('too_many_commands')
  if (device === 'revoked') throw new ApplicationError('device_is_revoked')
  ctx.directory.forget()
  ctx.pokes.command(fleetId, deviceId, wireCommands(device, nowMs))
  const told = { deviceId, deviceStatus: device.status }
  const kept = device.commands.find((one) => one.id === id)
  return kept ? { ...kept, ...told } : { ...issued, type, expiresAtMs: null, ...told }
}
