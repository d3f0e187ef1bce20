import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import { valueAt } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { OtState, OtStates } from '#lib/protocol/ot.ts'
import { chainIds } from './chain-links.ts'
import type { Integration } from './ot/integrate.ts'
import { integrate } from './ot/integrate.ts'
import { withLetBe } from './ot/let-be.ts'
import type { OtFailure } from './ot/ot-type.ts'
import { withValue } from './ot/paths.ts'
import type { BaseDocument } from './types.ts'
import type { LogQuestion } from './ot-log.ts'
import { completeSince } from './ot-log.ts'

/** What a write does to one path under OT. */
export interface OtEntry {
  readonly path: string
  readonly state: OtState
  readonly made: Json
  readonly integrated: Integration
}

interface PathFailure {
  readonly code: OtFailure
  readonly path: string
}
type Entries = Result<readonly OtEntry[], PathFailure>

interface Standing extends LogQuestion {
  /** The base as the authority has it: without what was superseded (`ChainView`). */
  readonly taken: BaseDocument
  readonly states: OtStates
  /** Of a deleted record: with what stood at its paths. */
  readonly kept: OtStates
}

export const entryOf = (path: string, state: OtState, made: Json, integrated: Integration): OtEntry => ({
  path,
  state,
  made,
  integrated,
})

/** The way from what stood at the record's paths to what stands there now. */
export function replaceAll({ draft, kept }: Standing, after: JsonObject, way: 'renew' | 'diff'): Entries {
  const entries: OtEntry[] = []
  for (const [path, { was, ...state }] of Object.entries(kept)) {
    const is = valueAt(after, path)
    if (way === 'diff' && jsonEqual(was, is)) continue
    const made = draft.world.ot?.[state.kind][way](was, is, draft.work) ?? err('bad_op' as const)
    if (!made.ok) return err({ code: made.error, path })
    entries.push(entryOf(path, state, made.value, { ops: made.value, transformed: [] }))
  }
  return ok(entries)
}

/**
 * The differences of a document write under OT (CS5), at the paths that it changed, or at all where it is `whole`. They
 * are from what the authority took of its base: what was superseded is in no log. Behind the chain's own delete nothing
 * is let be: its author has no more than the document.
 */
export function deriveAll(
  standing: Standing,
  paths: readonly string[],
  before: JsonObject,
  written: JsonObject,
  isWhole: boolean,
): Entries {
  const { draft, question, states, chain, taken } = standing
  const { op } = question.mutation
  const isUndoing = chain.undone !== null && op.type === 'put'
  const after = isUndoing ? written : withLetBe(question.rules, states, before, op, written)
  const ids = chainIds(draft, question.mutation, question.author)
  const entries: OtEntry[] = []
  for (const path of paths) {
    const is = valueAt(after, path)
    if (!isWhole && jsonEqual(valueAt(before, path), is)) continue
    const was = valueAt(taken.kind === 'known' ? taken.data : before, path)
    if (jsonEqual(was, is)) continue
    const isText = [was, is].every((value) => value === undefined || typeof value === 'string')
    const state = states[path] ?? { kind: isText ? 'text' : 'json', revision: 0 }
    const type = draft.world.ot?.[state.kind]
    const made = type?.diff(was, is, draft.work) ?? err('bad_op' as const)
    if (!made.ok || !type) return err({ code: made.ok ? 'bad_op' : made.error, path })
    const since = chain.ahead.includes(path) ? null : completeSince(standing, path, type)
    if (!since) return err({ code: 'unknown_revision', path })
    const integrated = integrate(type, since, ids, made.value, draft.work)
    if (!integrated.ok) return err({ code: integrated.error, path })
    entries.push(entryOf(path, state, made.value, integrated.value))
  }
  return ok(entries)
}

type Values = ReadonlyMap<string, { readonly value: Json | undefined; readonly isMoved: boolean }>

/** What stands at the paths of a document with these entries carried out. */
export function carryOut(
  { draft }: Standing,
  document: JsonObject,
  paths: readonly string[],
  entries: readonly OtEntry[],
): Result<Values, PathFailure> {
  const values = new Map(paths.map((path) => [path, { value: valueAt(document, path), isMoved: false }]))
  for (const { path, state, integrated } of entries) {
    const type = draft.world.ot?.[state.kind]
    const made = type?.apply(valueAt(document, path), integrated.ops) ?? err('bad_op' as const)
    if (!made.ok) return err({ code: made.error, path })
    values.set(path, { value: made.value, isMoved: true })
  }
  return ok(values)
}

/** A document with these values at its paths. What has lost its place is gone, but not what was just written there. */
export function recombine(plain: JsonObject, values: Values): Result<JsonObject, PathFailure> {
  let whole = plain
  for (const [path, { value, isMoved }] of values) {
    const next = withValue(whole, path, value)
    if (!next && isMoved && value !== undefined && value !== '') return err({ code: 'does_not_fit', path })
    whole = next ?? whole
  }
  return ok(whole)
}
