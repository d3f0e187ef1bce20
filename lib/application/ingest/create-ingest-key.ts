import { z } from 'zod'
import { label } from '#lib/protocol/device.ts'
import { sourceName } from '#lib/protocol/ingest.ts'
import type { IngestKey } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { ShownKey } from '../access/change-fleet-key.ts'
import { shownKey } from '../access/change-fleet-key.ts'
import { makeFleetCredential } from '../access/credentials.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'

export const ingestKeyInput = z.strictObject({
  name: label(120),
  /** The engine that the key's holder tells of, as it is shown: `powersync`, `couchdb`. */
  source: sourceName,
  expiresAtMs: z.int().positive().optional(),
})

export type ShownIngestKey = ShownKey<IngestKey>

/**
 * A key with which a program tells what another engine does; its text is shown once.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function createIngestKey(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<{ readonly id: string; readonly key: string; readonly shown: ShownIngestKey }> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'admin')
  const { name, source, expiresAtMs } = parsedOrThrow(ingestKeyInput, input.body)
  if (!(await ctx.storage.fleets.get(fleetId))) throw new ApplicationError('not_found')
  const { text, hash } = makeFleetCredential('ingest', fleetId)
  const shown: ShownIngestKey = {
    id: ctx.ids(),
    fleetId,
    name,
    source,
    createdAtMs: ctx.clock.now(),
    expiresAtMs: expiresAtMs ?? null,
    revokedAtMs: null,
    lastUsedMs: null,
  }
  const after = { name, source, expiresAtMs: shown.expiresAtMs }
  const audit = auditEntry(ctx, actor, { action: 'ingest-key.create', target: shown.id, fleetId, after })
  await ctx.storage.ingest.createKey({ ...shown, hash }, audit)
  return { id: shown.id, key: text, shown }
}

/** A fleet's keys; their texts were shown once. @throws ApplicationError `forbidden` */
export async function listIngestKeys(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string },
): Promise<readonly ShownIngestKey[]> {
  authorize(input.actor, input.fleetId, 'admin')
  const keys = await ctx.storage.ingest.listKeys(input.fleetId)
  return keys.map(shownKey)
}
