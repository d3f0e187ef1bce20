import type { PatchStep } from '#lib/engine/json-patch.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { OperationEdit, OperationRow } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { FieldMask } from '../dead-letters/field-mask.ts'
import { badRequest } from '../errors.ts'
import { operationView, type OperationView } from './operation-view.ts'

/**
 * Refuses a JSON Patch that would show what a collection masks (DL20), before anything is previewed or runs; of the collections
 * that the filter names, else of all of the fleet.
 * @throws ApplicationError `bad_request`
 */
export async function keepsMasks(
  { storage, secret }: Pick<Context, 'storage' | 'secret'>,
  fleetId: string,
  edit: OperationEdit | null,
  conditions: OperationRow['conditions'],
): Promise<void> {
  if (edit === null || !('patch' in edit)) return
  const names = namedCollections(conditions)
  for (const masking of await storage.collections.maskings(fleetId)) {
    if (names !== null && !names.has(masking.name)) continue
    const wrong = new FieldMask(secret, fleetId, masking).misstep(stepsOf(edit))
    if (wrong === null) continue
    const hint = names === null ? '; name other collections in the filter, or leave the step out' : ''
    throw badRequest([{ path: '/edit/patch', message: `${wrong}, in the collection ${masking.name}${hint}` }])
  }
}

/** The collections that a filter names; null where it names none, so that it may take letters of any. Pure. */
export function namedCollections(conditions: OperationRow['conditions']): ReadonlySet<string> | null {
  const named = conditions.find((one) => one.kind === 'is' && one.key === 'collection' && !one.not)
  return named?.kind === 'is' ? new Set(named.values) : null
}

/**
 * The edit as the audit log keeps it: a JSON Patch with what it would put into a field that any collection masks hidden, or the
 * version that up-migrations run from, with those that they lead to.
 */
export async function toldEdit(
  ctx: Pick<Context, 'storage' | 'secret' | 'groupCommit'>,
  fleetId: string,
  operationId: string,
  edit: OperationEdit,
): Promise<JsonObject> {
  if ('patch' in edit) {
    const maskings = await ctx.storage.collections.maskings(fleetId)
    const mask = new FieldMask(ctx.secret, `${fleetId}:${operationId}`, ...maskings)
    return { patch: mask.steps(stepsOf(edit)) as unknown as JsonObject[] }
  }
  const { collections } = await ctx.groupCommit.rules.get(fleetId)
  const reached = [...collections].filter(([, { schemaVersion }]) => schemaVersion > edit.upMigrateFrom)
  const to = Object.fromEntries(reached.map(([name, { schemaVersion }]) => [name, schemaVersion]))
  return { upMigrateFrom: edit.upMigrateFrom, to }
}

/** Operations as they are shown: what a JSON Patch would put into a masked field is hidden from who looks. One query. */
export async function operationViews(
  { storage, secret }: Pick<Context, 'storage' | 'secret'>,
  fleetId: string,
): Promise<(row: OperationRow) => OperationView> {
  const maskings = await storage.collections.maskings(fleetId)
  return (row) => {
    const { edit } = row
    if (edit === null || !('patch' in edit)) return operationView(row)
    const steps = new FieldMask(secret, `${fleetId}:${row.id}`, ...maskings).steps(stepsOf(edit))
    return operationView({ ...row, edit: { patch: steps as unknown as typeof edit.patch } })
  }
}

/** One operation as it is shown. */
export const viewOfOperation = async (
  ctx: Pick<Context, 'storage' | 'secret'>,
  row: OperationRow,
): Promise<OperationView> => (await operationViews(ctx, row.fleetId))(row)

const stepsOf = (edit: Extract<OperationEdit, { readonly patch: unknown }>): readonly PatchStep[] =>
  edit.patch as unknown as readonly PatchStep[]
