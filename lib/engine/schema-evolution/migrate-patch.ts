import type { Json } from '#lib/kernel/json.ts'
import { copyObject, defineKey, isJsonObject, ownValue } from '#lib/kernel/json.ts'
import type { Path } from '#lib/kernel/json-pointer.ts'
import { toPointer, valueIn } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { UpMigrationOp } from '#lib/protocol/rules.ts'
import { parseKey } from '../patch.ts'
import type { MigrationFailure } from './migrate-document.ts'
import { computeAt, pathOf, startsWith, stepDocument } from './migrate-document.ts'
import type { MigrationCel } from './migration-cel.ts'

type Patch = Extract<Operation, { type: 'patch' }>
interface Draft {
  readonly set: readonly { readonly path: Path; readonly value: Json }[]
  readonly unset: readonly Path[]
}

/**
 * One step of an up-migration on a patch: its paths move as the document's would, and values that it sets change as
 * they would there. What can't be told without the whole document fails. Never throws on any JSON.
 */
export function stepPatch(
  patch: Patch,
  step: UpMigrationOp,
  cel: MigrationCel,
): Result<Patch, MigrationFailure> {
  const draft = draftOf(patch)
  if (!draft) return ok(patch)
  const place = pathOf(step.path)
  const whole = step.op === 'cel' ? needsWhole(draft, step, place, cel) : null
  if (whole !== null) return err(whole)
  const kept: Entry[] = []
  const changed: Entry[] = []
  for (const entry of draft.set) {
    const stepped = stepEntry(entry, step, place, cel)
    if (!stepped.ok) return stepped
    for (const made of stepped.value) (made === entry ? kept : changed).push(made)
  }
  const unset = draft.unset.flatMap((path) => stepUnset(path, step, place))
  const restored = step.op === 'default' && draft.unset.some((path) => samePath(path, place))
  if (restored) changed.push({ path: place, value: step.value })
  // What was moved comes last: it replaces what the patch itself sets there, whatever the order of its keys.
  return ok(patchOf({ set: [...kept, ...changed], unset }))
}

/** Null for a patch with a key that is no pointer: it fails where patches fail. */
function draftOf({ set = {}, unset = [] }: Patch): Draft | null {
  const sets = Object.keys(set).map((key) => ({ path: parseKey(key), value: ownValue(set, key) as Json }))
  const unsets = unset.map(parseKey)
  if (sets.some(({ path }) => !path) || unsets.includes(null)) return null
  return { set: sets as Draft['set'], unset: unsets as readonly Path[] }
}

function patchOf({ set, unset }: Draft): Patch {
  const keys: Record<string, Json> = {}
  for (const { path, value } of set) defineKey(keys, toPointer(path), value)
  return { type: 'patch', set: keys, unset: unset.map(toPointer) }
}

const samePath = (a: Path, b: Path): boolean => a.length === b.length && startsWith(a, b)

type Entry = Draft['set'][number]

/** The entries that stand for one `path: value` after the step. */
function stepEntry(
  entry: Entry,
  step: UpMigrationOp,
  place: Path,
  cel: MigrationCel,
): Result<readonly Entry[], MigrationFailure> {
  const { path, value } = entry
  if (startsWith(path, place)) return stepAtOrBelow(entry, step, place, cel)
  if (!startsWith(place, path)) return ok([entry])
  const inside = place.slice(path.length)
  const found = valueIn(value, inside)
  if (step.op === 'rename') {
    if (found === undefined) return ok([entry])
    const without = withoutValue(value, inside)
    return ok([
      { path, value: without },
      { path: pathOf(step.to), value: found },
    ])
  }
  if (step.op === 'cel' && found === undefined) return ok([entry])
  // The value is a document of its own as far as this step goes.
  if (!isJsonObject(value)) return ok([entry])
  const stepped = stepDocument(value, { ...step, path: toPointer(inside) }, cel)
  return stepped.ok ? ok([{ path, value: stepped.value }]) : stepped
}

function stepAtOrBelow(
  { path, value }: Entry,
  step: UpMigrationOp,
  place: Path,
  cel: MigrationCel,
): Result<readonly Entry[], MigrationFailure> {
  switch (step.op) {
    case 'rename':
      return ok([{ path: [...pathOf(step.to), ...path.slice(place.length)], value }])
    case 'remove':
      return ok([])
    case 'default':
      return ok([{ path, value }])
    case 'cel': {
      const computed = computeAt(step, { doc: {}, value }, cel)
      return computed.ok ? ok([{ path, value: computed.value }]) : computed
    }
  }
}

function stepUnset(path: Path, step: UpMigrationOp, place: Path): readonly Path[] {
  if (startsWith(path, place)) {
    if (step.op === 'rename') return [[...pathOf(step.to), ...path.slice(place.length)]]
    if (step.op === 'remove') return []
    return step.op === 'default' && samePath(path, place) ? [] : [path]
  }
  // What held the renamed value goes, and the value with it, wherever that stands now.
  if (startsWith(place, path) && step.op === 'rename') {
    const to = pathOf(step.to)
    return startsWith(to, path) ? [path] : [path, to]
  }
  return [path]
}

/** Why a computed value can't be told from the patch alone; null when it can. */
function needsWhole(
  { set, unset }: Draft,
  step: Extract<UpMigrationOp, { op: 'cel' }>,
  place: Path,
  cel: MigrationCel,
): string | null {
  const made = cel(step.cel)
  const reads = made.ok ? made.value.fieldsOf('doc') : null
  const touched = [...set.map(({ path }) => path), ...unset]
  const isRead = (path: Path): boolean => reads === null || reads.has(path[0] ?? '')
  const below = set.some(({ path }) => path.length > place.length && startsWith(path, place))
  const computedFromDocument = reads === null || reads.size > 0
  const touchesPlace =
    computedFromDocument && touched.some((path) => startsWith(path, place) || startsWith(place, path))
  if (!below && !touchesPlace && !touched.some(isRead)) return null
  return `the value for ${step.path} is computed from the whole document, which a patch doesn't have`
}

/** The value without what stands at `path` inside it. */
function withoutValue(value: Json, path: Path): Json {
  const [head, ...rest] = path
  if (head === undefined) return value
  if (Array.isArray(value)) {
    const items = value as readonly Json[]
    const index = Number(head)
    return rest.length === 0
      ? items.toSpliced(index, 1)
      : items.with(index, withoutValue(items[index] as Json, rest))
  }
  if (!isJsonObject(value)) return value
  const copy = copyObject(value)
  if (rest.length === 0) delete copy[head]
  else defineKey(copy, head, withoutValue(ownValue(value, head) as Json, rest))
  return copy
}
