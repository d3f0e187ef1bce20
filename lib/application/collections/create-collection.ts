import { z } from 'zod'
import { COLLECTIONS_PER_FLEET_MAX } from '#lib/protocol/limits.ts'
import { maskedFields } from '#lib/protocol/masked-fields.ts'
import { collectionName } from '#lib/protocol/mutation.ts'
import type { Collection } from '#lib/storage/ports.ts'
import { thresholdsOf } from '#lib/telemetry/thresholds.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { requireOrdered, thresholdsInput, thresholdsWith } from '../thresholds-input.ts'
import {
  authorityInput,
  authorityOf,
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

export const collectionInput = z.strictObject({
  name: collectionName,
  strategy: strategyInput.strategy,
  tieRule: strategyInput.tieRule.optional(),
  fieldStrategies: strategyInput.fieldStrategies.optional(),
  schema: schemaInput,
  thresholds: thresholdsInput.optional(),
  ...rulesInput,
  authority: authorityInput.nullable().optional(),
  masked: maskedFields.optional(),
})

/**
 * POST /collections: a collection with schema version 1.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `schema_refused`, `rules_refused`,
 *   `already_exists`
 */
export async function createCollection(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<PublishedCollection> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'admin')
  const { name, strategy, schema, ...options } = parsedOrThrow(collectionInput, input.body)
  const { rules = [], upMigrations = [] } = options
  requirePublishable(schema)
  requireEvaluable({ rules, upMigrations, schemaVersion: 1 })
  requireOneMerge({ strategy, fieldStrategies: options.fieldStrategies ?? {} })
  const fleet = await ctx.storage.fleets.get(fleetId)
  if (!fleet) throw new ApplicationError('not_found')
  const thresholds = thresholdsWith({}, options.thresholds ?? {})
  requireOrdered(thresholdsOf(fleet.settings.thresholds, thresholds), '/thresholds')
  const existing = await ctx.storage.collections.list(fleetId)
  if (existing.length >= COLLECTIONS_PER_FLEET_MAX) {
    throw badRequest([{ path: '', message: `a fleet has at most ${COLLECTIONS_PER_FLEET_MAX} collections` }])
  }
  const nowMs = ctx.clock.now()
  const collection: Collection = {
    id: ctx.ids(),
    fleetId,
    name,
    version: 1,
    strategy,
    tieRule: options.tieRule ?? 'lww',
    fieldStrategies: options.fieldStrategies ?? {},
    schema,
    schemaVersion: 1,
    thresholds,
    rules,
    upMigrations,
    masked: options.masked ?? [],
    authority: options.authority ? authorityOf(ctx, options.authority, null) : null,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  }
  requireReadable(collection, null, existing)
  const audit = auditEntry(ctx, actor, {
    action: 'collection.create',
    target: collection.id,
    fleetId,
    after: { name, strategy, masked: collection.masked },
  })
  const outcome = await ctx.storage.collections.create(collection, audit)
  if (outcome === 'name_taken') throw new ApplicationError('already_exists')
  if (outcome === 'being_removed')
    throw new ApplicationError('already_exists', {
      detail: 'records of a removed collection of this name are being deleted; try again in some minutes',
    })
  ctx.directory.forget()
  return published(ctx, collection, null)
}
