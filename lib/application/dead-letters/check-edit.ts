import { applyOperation } from '#lib/engine/patch.ts'
import type { SchemaIssue } from '#lib/engine/types.ts'
import { validateDocument } from '#lib/engine/validate.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { fromPointer, toPointer, valueIn } from '#lib/kernel/json-pointer.ts'
import type { JsonSchema } from '#lib/protocol/device.ts'
import { holdsMask, isMask } from '#lib/protocol/mask.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import { operation } from '#lib/protocol/mutation.ts'
import { safeParse } from '#lib/protocol/safe-parse.ts'
import type { DeadLetterDetail } from './get-dead-letter.ts'

/** What an edited operation is judged by. */
export interface EditBasis {
  /** The document that it goes on from, null for none; absent where that is not known as today's schema would have it. */
  readonly base?: JsonObject | null
  readonly schema: JsonSchema
}

/** The letter's own copy of its base is of the schema that was published then, and null where there was none to copy. */
export function editBasis({ letter, collection }: DeadLetterDetail): EditBasis | null {
  if (!collection) return null
  const { base, mutation } = letter
  const isKnown = base !== null || mutation.baseVersion === 0
  const isOfToday = mutation.schemaVersion === collection.schemaVersion
  return { schema: collection.schema, ...(isKnown && isOfToday ? { base } : {}) }
}

export type EditCheck =
  | {
      readonly ok: true
      readonly op: Operation
      /** The document that it wants; absent where only the server can tell. */
      readonly wanted?: JsonObject | null
    }
  | { readonly ok: false; readonly message: string; readonly issues: readonly SchemaIssue[] }

const refuse = (message: string, issues: readonly SchemaIssue[] = []): EditCheck => ({
  ok: false,
  message,
  issues,
})

/**
 * Whether an edited operation would get past the schema, before it is sent; runs in the browser too. Rules and newer
 * changes are the server's to judge, and so is what only its state tells (CRDTs, OT, a base that is not known here).
 */
export function checkEdit(text: string, { base, schema }: EditBasis): EditCheck {
  let value: unknown
  try {
    value = JSON.parse(text) as unknown
  } catch (error) {
    return refuse(`This is not JSON: ${error instanceof Error ? error.message : 'not understood'}`)
  }
  const parsed = safeParse(operation, value)
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => ({ path: toPointer(path), message }))
    return refuse('This is not an operation', issues)
  }
  // As it was typed: the schema's copy would leave out a key like `__proto__`, which is data here.
  const op = value as Operation
  if (op.type !== 'put' && base === undefined) return { ok: true, op }
  const wanted = applyOperation(base ?? null, op)
  if (!wanted.ok) {
    const { code, path } = wanted.error
    if (code === 'needs_state') return { ok: true, op }
    return refuse('It cannot be carried out on its base', [{ path, message: code.replaceAll('_', ' ') }])
  }
  if (wanted.value === null) return { ok: true, op, wanted: null }
  const check = validateDocument({ schema }, wanted.value)
  const issues = check.ok ? [] : check.issues.filter(({ path }) => !isOfMask(wanted.value, path))
  return issues.length === 0
    ? { ok: true, op, wanted: wanted.value }
    : refuse('Today’s schema still refuses it', issues)
}

/** What stands behind a mask the server alone can judge (DL20). */
function isOfMask(document: JsonObject | null, pointer: string): boolean {
  const path = fromPointer(pointer) ?? []
  return (
    path.some((_, length) => isMask(valueIn(document ?? undefined, path.slice(0, length)))) ||
    holdsMask(valueIn(document ?? undefined, path))
  )
}
