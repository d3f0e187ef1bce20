import { z } from 'zod'
import { label } from '#lib/protocol/device.ts'
import type { IngestKey } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { removalInput } from '../removal-input.ts'
import type { ShownIngestKey } from './create-ingest-key.ts'

/** Its source stays: what it has told bears that name. */
export const ingestKeyChange = z.strictObject({
  name: label(120).optional(),
  /** null: it never expires. */
  expiresAtMs: z.int().positive().nullable().optional(),
})

interface KeyCall {
  readonly actor: Actor
  readonly fleetId: string
  readonly id: string
  readonly body: unknown
}

/** PATCH /ingest-keys/:id. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export async function changeIngestKey(ctx: Context, call: KeyCall): Promise<ShownIngestKey> {
  const change = parsedOrThrow(ingestKeyChange, call.body)
  return save(ctx, call, 'ingest-key.change', null, (key) => ({
    ...key,
    name: change.name ?? key.name,
    expiresAtMs: change.expiresAtMs === undefined ? key.expiresAtMs : change.expiresAtMs,
  }))
}

/**
 * DELETE /ingest-keys/:id: nothing is told by it any more; what was told stays. The same again changes nothing.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function revokeIngestKey(ctx: Context, call: KeyCall): Promise<ShownIngestKey> {
  const { reason } = parsedOrThrow(removalInput, call.body)
  return save(ctx, call, 'ingest-key.revoke', reason ?? null, (key) => ({
    ...key,
    revokedAtMs: key.revokedAtMs ?? ctx.clock.now(),
  }))
}

async function save(
  ctx: Context,
  { actor, fleetId, id }: KeyCall,
  action: string,
  reason: string | null,
  changed: (key: IngestKey) => IngestKey,
): Promise<ShownIngestKey> {
  authorize(actor, fleetId, 'admin')
  const shown = ({ name, expiresAtMs, revokedAtMs }: IngestKey) => ({ name, expiresAtMs, revokedAtMs })
  const saved = await ctx.storage.ingest.updateKey(fleetId, id, (before) => {
    const next = changed(before)
    const told = { target: id, fleetId, reason, before: shown(before), after: shown(next) }
    return { next, audit: auditEntry(ctx, actor, { action, ...told }) }
  })
  if (!saved) throw new ApplicationError('not_found')
  const { hash: _, ...view } = saved
  return view
}
