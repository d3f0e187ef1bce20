import { z } from 'zod'
import { label } from '#lib/protocol/device.ts'
import type { FleetKey, FleetKeyPort } from '#lib/storage/ports.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { removalInput } from '../removal-input.ts'
import { auditEntry } from './audit-entry.ts'
import { authorize } from './authorize.ts'

/** What a key opens is no part of a change: what came in by it bears that. */
export const fleetKeyChange = z.strictObject({
  name: label(120).optional(),
  /** null: it never expires. */
  expiresAtMs: z.int().positive().nullable().optional(),
})

/** A key as lists show it: its text was shown once, and its hash never is. */
export type ShownKey<Key extends FleetKey> = Omit<Key, 'hash'>

export const shownKey = <Key extends FleetKey>({ hash: _, ...shown }: Key): ShownKey<Key> => shown

/** Where keys of one kind are kept, and the word for them in the audit log. */
interface KeysOf<Key extends FleetKey> {
  readonly port: FleetKeyPort<Key>
  readonly noun: 'enrollment-key' | 'ingest-key'
}

export interface FleetKeyCall {
  readonly actor: Actor
  readonly fleetId: string
  readonly id: string
  readonly body: unknown
}

/** Name or end of a key. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export async function changeFleetKey<Key extends FleetKey>(
  ctx: Context,
  keys: KeysOf<Key>,
  call: FleetKeyCall,
): Promise<ShownKey<Key>> {
  const change = parsedOrThrow(fleetKeyChange, call.body)
  return save(ctx, keys, call, 'change', null, (key) => ({
    ...key,
    name: change.name ?? key.name,
    expiresAtMs: change.expiresAtMs === undefined ? key.expiresAtMs : change.expiresAtMs,
  }))
}

/** From now on nothing comes in by it. The same again changes nothing. @throws as `changeFleetKey` */
export async function revokeFleetKey<Key extends FleetKey>(
  ctx: Context,
  keys: KeysOf<Key>,
  call: FleetKeyCall,
): Promise<ShownKey<Key>> {
  const { reason } = parsedOrThrow(removalInput, call.body)
  return save(ctx, keys, call, 'revoke', reason ?? null, (key) => ({
    ...key,
    revokedAtMs: key.revokedAtMs ?? ctx.clock.now(),
  }))
}

async function save<Key extends FleetKey>(
  ctx: Context,
  { port, noun }: KeysOf<Key>,
  { actor, fleetId, id }: FleetKeyCall,
  verb: 'change' | 'revoke',
  reason: string | null,
  changed: (key: Key) => Key,
): Promise<ShownKey<Key>> {
  authorize(actor, fleetId, 'admin')
  const told = ({ name, expiresAtMs, revokedAtMs }: Key) => ({ name, expiresAtMs, revokedAtMs })
  const saved = await port.updateKey(fleetId, id, (before) => {
    const next = changed(before)
    const entry = { target: id, fleetId, reason, before: told(before), after: told(next) }
    return { next, audit: auditEntry(ctx, actor, { action: `${noun}.${verb}`, ...entry }) }
  })
  if (!saved) throw new ApplicationError('not_found')
  return shownKey(saved)
}
