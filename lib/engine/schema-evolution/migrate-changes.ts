import type { Json } from '#lib/kernel/json.ts'
import { ownValue } from '#lib/kernel/json.ts'
import { isWithin, toPointer } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { CrdtChange } from '#lib/protocol/crdt.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { UpMigrationOp } from '#lib/protocol/rules.ts'
import type { MigrationFailure } from './migrate-document.ts'
import { pathOf } from './migrate-document.ts'
import { stepPatch } from './migrate-patch.ts'
import { stepPointer } from './migrate-pointer.ts'
import type { MigrationCel } from './migration-cel.ts'

type Patch = Extract<Operation, { type: 'patch' }>
type Register = Extract<CrdtChange, { kind: 'lww-register' }>

/**
 * One step of an up-migration on CRDT changes. What a register holds changes as a patch would; a counter's, a set's or a
 * text's change moves with its path, and fails where the step makes another value of what it was made on.
 */
export function stepChanges(
  changes: readonly CrdtChange[],
  step: UpMigrationOp,
  cel: MigrationCel,
): Result<readonly CrdtChange[], MigrationFailure> {
  const made: CrdtChange[] = []
  for (const change of changes) {
    const stepped = change.kind === 'lww-register' ? stepRegister(change, step, cel) : stepDelta(change, step)
    if (!stepped.ok) return stepped
    made.push(...stepped.value)
  }
  return ok(made)
}

function stepDelta(change: CrdtChange, step: UpMigrationOp): Result<readonly CrdtChange[], MigrationFailure> {
  const { path } = change
  const place = toPointer(pathOf(step.path))
  const isInside = place !== path && isWithin(place, path)
  if (isInside || (step.op === 'cel' && isWithin(path, place)))
    return err(`what stands at ${path} is computed, which a change of it can't be made on`)
  if (isReplaced(path, step))
    return err(
      `what stands at ${step.to} may be another's value now, which a change of ${path} can't be made on`,
    )
  const moved = stepPointer(path, step)
  return ok(moved === null ? [] : [{ ...change, path: moved }])
}

/** True where a rename may have put something else into the place. */
const isReplaced = (path: string, step: UpMigrationOp): step is Extract<UpMigrationOp, { op: 'rename' }> =>
  step.op === 'rename' && isWithin(path, toPointer(pathOf(step.to)))

function stepRegister(
  change: Register,
  step: UpMigrationOp,
  cel: MigrationCel,
): Result<readonly CrdtChange[], MigrationFailure> {
  const { path, value, hlc } = change
  if (isReplaced(path, step))
    return err(
      `what stands at ${step.to} may be another's value now, which a change of ${path} can't be made on`,
    )
  const patch: Patch =
    value === undefined ? { type: 'patch', unset: [path] } : { type: 'patch', set: { [path]: value } }
  const stepped = stepPatch(patch, step, cel)
  if (!stepped.ok) return stepped
  const { set = {}, unset = [] } = stepped.value
  const written = Object.keys(set).map((at): Register => ({
    path: at,
    kind: 'lww-register',
    value: ownValue(set, at) as Json,
    hlc,
  }))
  return ok([...written, ...unset.map((at): Register => ({ path: at, kind: 'lww-register', hlc }))])
}
