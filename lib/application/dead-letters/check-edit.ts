import { applyOperation } from '#lib/engine/patch.ts'
import type { SchemaIssue } from '#lib/engine/types.ts'
import { validateDocument } from '#lib/engine/validate.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { JsonSchema } from '#lib/protocol/device.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import { operation } from '#lib/protocol/mutation.ts'

/** What an edited operation is judged by: the record it goes on from, and today's schema. */
export interface EditBasis {
  readonly base: JsonObject | null
  readonly schema: JsonSchema
}

export type EditCheck =
  | { readonly ok: true; readonly op: Operation }
  | { readonly ok: false; readonly message: string; readonly issues: readonly SchemaIssue[] }

const refuse = (message: string, issues: readonly SchemaIssue[] = []): EditCheck => ({
  ok: false,
  message,
  issues,
})

/**
 * Whether an edited operation would get past the schema, before it is sent; runs in the browser too. Rules and newer
 * changes are the server's to judge, and so is what only its state tells (CRDTs, OT).
 */
export function checkEdit(text: string, { base, schema }: EditBasis): EditCheck {
  let value: unknown
  try {
    value = JSON.parse(text) as unknown
  } catch (error) {
    return refuse(`This is not JSON: ${error instanceof Error ? error.message : 'not understood'}`)
  }
  const parsed = operation.safeParse(value)
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => ({
      path: path.map((part) => `/${String(part)}`).join(''),
      message,
    }))
    return refuse('This is not an operation', issues)
  }
  // As it was typed: the schema's copy would leave out a key like `__proto__`, which is data here.
  const op = value as Operation
  const wanted = applyOperation(base, op)
  if (!wanted.ok) {
    const { code, path } = wanted.error
    if (code === 'needs_state') return { ok: true, op }
    return refuse('It cannot be carried out on its base', [{ path, message: code.replaceAll('_', ' ') }])
  }
  if (wanted.value === null) return { ok: true, op }
  const check = validateDocument({ schema }, wanted.value)
  return check.ok ? { ok: true, op } : refuse('Today’s schema still refuses it', check.issues)
}
