import { z } from 'zod'
import type { Json } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import { maskedFields } from '#lib/protocol/masked-fields.ts'
import type { Collection } from '#lib/storage/ports.ts'
import { thresholdsOf } from '#lib/telemetry/thresholds.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { replaySchemaAhead } from '../dead-letters/replay-schema-ahead.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { requireOrdered, thresholdsInput, thresholdsWith } from '../thresholds-input.ts'
import {
  authorityInput,
  authorityOf,
  given,
  requireEvaluable,
  requireOneMerge,
  requirePublishable,
  rulesInput,
  schemaInput,
  strategyInput,
} from './collection-input.ts'
import { requireReadable } from './config-size.ts'
import type { PublishedCollection } from './published-collection.ts'
import { published } from './published-collection.ts'

export const collectionChange = z.strictObject({
  /** The version that the change was made on. */
  version: z.int().min(1),
  strategy: strategyInput.strategy.optional(),
  tieRule: strategyInput.tieRule.optional(),
  fieldStrategies: strategyInput.fieldStrategies.optional(),
  schema: schemaInput.optional(),
  thresholds: thresholdsInput.optional(),
  ...rulesInput,
  authority: authorityInput.nullable().optional(),
  masked: maskedFields.optional(),
  /** Kept in the audit log. */
  reason: z.string().trim().min(1).max(1_000).optional(),
})

/**
 * PATCH /collections/:id: a changed schema becomes the next schema version, and letters
 * that waited for it replay by themselves (DL5). Where nothing changes, the version stays.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `schema_refused`, `rules_refused`,
 *   `stale_version`
 */
export async function publishCollection(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<PublishedCollection> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'admin')
  const {
    version,
    thresholds,
    authority,
    reason = null,
    ...change
  } = parsedOrThrow(collectionChange, input.body)
  const before = await ctx.storage.collections.get(fleetId, id)
  if (!before) throw new ApplicationError('not_found')
  if (before.version !== version)
    throw new ApplicationError('stale_version', { extra: { version: before.version } })
  const schema = change.schema ?? before.schema
  const isNewSchema = !jsonEqual(schema, before.schema)
  if (isNewSchema) requirePublishable(schema)
  const next: Collection = {
    ...before,
    ...given(change),
    thresholds: thresholdsWith(before.thresholds, thresholds ?? {}),
    schema,
    schemaVersion: before.schemaVersion + (isNewSchema ? 1 : 0),
    authority:
      authority === undefined ? before.authority : authority && authorityOf(ctx, authority, before.authority),
    version: version + 1,
    updatedAtMs: ctx.clock.now(),
  }
  if (thresholds) {
    const fleet = await ctx.storage.fleets.get(fleetId)
    requireOrdered(thresholdsOf(fleet?.settings.thresholds, next.thresholds), '/thresholds')
  }
  requireEvaluable(next)
  requireOneMerge(next)
  const all = await ctx.storage.collections.list(fleetId)
  requireReadable(
    next,
    before,
    all.filter((other) => other.id !== id),
  )
  if (isSame(next, before)) return published(ctx, before, before)
  const audit = auditEntry(ctx, actor, {
    action: isNewSchema ? 'collection.publish' : 'collection.change',
    target: id,
    fleetId,
    reason,
    before: summary(before),
    after: summary(next),
  })
  if ((await ctx.storage.collections.update(next, audit)) === 'stale')
    throw new ApplicationError('stale_version')
  ctx.directory.forget()
  if (isNewSchema) await replayWaiting(ctx, fleetId)
  return published(ctx, next, before)
}

/** But for when it was changed last. */
const isSame = (next: Collection, { version, updatedAtMs, ...before }: Collection): boolean =>
  jsonEqual(
    { ...next, version, updatedAtMs } as unknown as Json,
    { ...before, version, updatedAtMs } as unknown as Json,
  )

/** The schema is published, whatever becomes of the letters: the ticker tries them again. */
async function replayWaiting(ctx: Context, fleetId: string): Promise<void> {
  try {
    await replaySchemaAhead(ctx, fleetId)
  } catch (error) {
    ctx.log.warn('letters wait for a schema that is published', { fleetId, error: String(error) })
  }
}

const summary = ({
  name,
  strategy,
  tieRule,
  schemaVersion,
  version,
  rules,
  upMigrations,
  thresholds,
  authority,
  masked,
}: Collection) => ({
  name,
  strategy,
  tieRule,
  schemaVersion,
  version,
  rules: rules.map(({ id, cel }) => ({ id, cel })),
  upMigrations: upMigrations.map(({ from, to }) => ({ from, to })),
  thresholds: { ...thresholds },
  authority: authority && { url: authority.url },
  masked,
})
