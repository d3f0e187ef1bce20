import type { JsonSchema, StrategyName, TieRule } from '#lib/protocol/device.ts'
import { documentOfToday, sidesOfToday } from '#lib/engine/conflict/sides-of-today.ts'
import { isMask } from '#lib/protocol/mask.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { ConflictSides } from '#lib/storage/ports.ts'
import { thresholdsOf } from '#lib/telemetry/thresholds.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import { conflictMasks } from './conflict-masks.ts'
import { readConflict, type ConflictDetail } from './read-conflict.ts'

/** What a decision is checked by before it is sent; null where the collection is no more. */
export interface DecisionBasis {
  readonly schema: JsonSchema
  readonly schemaVersion: number
  readonly strategy: StrategyName
  readonly tieRule: TieRule
}

/** All that a person decides by. The conflict's sides, and the record's data, are as today's schema has them. */
export interface ShownConflict extends ConflictDetail {
  readonly sides: ConflictSides
  readonly basis: DecisionBasis | null
  /** Of the collection, ms: a conflict that waits longer is overdue. */
  readonly waitMaxMs: number
  /** Top-level fields whose values are masked, on any side. */
  readonly masked: readonly string[]
}

/** One conflict with who made each side and what a decision is checked by, masked (DL20). @throws ApplicationError `not_found` */
export async function showConflict(
  ctx: Pick<Context, 'storage' | 'secret' | 'groupCommit'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string },
): Promise<ShownConflict> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'viewer')
  const [{ conflict, record }, masks, sides, fleet, collections, { collections: rulesBy }] =
    await Promise.all([
      readConflict(ctx, fleetId, id),
      conflictMasks(ctx, fleetId),
      ctx.storage.conflicts.sides(fleetId, [id]),
      ctx.storage.fleets.get(fleetId),
      ctx.storage.collections.list(fleetId),
      ctx.groupCommit.rules.get(fleetId),
    ])
  if (!fleet) throw new ApplicationError('not_found')
  const rules = rulesBy.get(conflict.collection)
  const today = rules === undefined ? conflict : sidesOfToday(rules, conflict)
  const now =
    record?.data && rules
      ? { ...record, data: documentOfToday(rules, record.data, record.schemaVersion) }
      : record
  const detail = masks.detail({ conflict: today, record: now })
  const own = collections.find(({ name }) => name === conflict.collection)?.thresholds
  const documents = [detail.conflict.base, detail.conflict.local, detail.conflict.remote, detail.record?.data]
  return {
    ...detail,
    sides: sides.get(id) ?? { local: null, remote: null },
    basis: rules
      ? {
          schema: rules.schema,
          schemaVersion: rules.schemaVersion,
          strategy: rules.strategy,
          tieRule: rules.tieRule,
        }
      : null,
    waitMaxMs: thresholdsOf(fleet.settings.thresholds, own).conflictWaitMs,
    masked: [...new Set(documents.flatMap(maskedFields))].sort(),
  }
}

const maskedFields = (data: Readonly<Record<string, Json>> | null | undefined): readonly string[] =>
  Object.entries(data ?? {}).flatMap(([name, value]) => (isMask(value) ? [name] : []))
