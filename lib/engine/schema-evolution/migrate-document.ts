import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { Path } from '#lib/kernel/json-pointer.ts'
import { valueIn } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { UpMigrationOp } from '#lib/protocol/rules.ts'
import { applyOperation, parseKey } from '../patch.ts'
import type { MigrationCel } from './migration-cel.ts'

/** Why a step can't be taken, for people. */
export type MigrationFailure = string

/** One step of an up-migration on a whole document. Never throws on any JSON. */
export function stepDocument(
  doc: JsonObject,
  step: UpMigrationOp,
  cel: MigrationCel,
): Result<JsonObject, MigrationFailure> {
  const value = valueIn(doc, pathOf(step.path))
  switch (step.op) {
    case 'rename':
      return value === undefined ? ok(doc) : patched(doc, { [step.to]: value }, [step.path])
    case 'remove':
      return value === undefined ? ok(doc) : patched(doc, {}, [step.path])
    case 'default':
      return value === undefined ? patched(doc, { [step.path]: step.value }, []) : ok(doc)
    case 'cel': {
      const computed = computeAt(step, { doc, value: value ?? null }, cel)
      return computed.ok ? patched(doc, { [step.path]: computed.value }, []) : computed
    }
  }
}

export function computeAt(
  step: Extract<UpMigrationOp, { op: 'cel' }>,
  data: { readonly doc: JsonObject; readonly value: Json },
  cel: MigrationCel,
): Result<Json, MigrationFailure> {
  const made = cel(step.cel)
  const computed = made.ok ? made.value.evaluate(data) : err(made.error.message)
  return computed.ok ? computed : err(`the value for ${step.path} could not be computed: ${computed.error}`)
}

function patched(
  doc: JsonObject,
  set: JsonObject,
  unset: readonly string[],
): Result<JsonObject, MigrationFailure> {
  const op: Operation = { type: 'patch', set, unset }
  const next = applyOperation(doc, op)
  return next.ok ? ok(next.value ?? {}) : err(`${next.error.path} can't be set: ${next.error.code}`)
}

/** Checked at publication; a text that is none is the name of a top-level key. */
export const pathOf = (pointer: string): Path => parseKey(pointer) ?? [pointer]

/** True when `path` is `head` or lies below it. */
export const startsWith = (path: Path, head: Path): boolean =>
  path.length >= head.length && head.every((part, i) => part === path[i])
