import { hasHalfPair } from '#lib/kernel/half-pairs.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject, jsonEqual } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { CrdtState, CrdtStates, OrSetState } from '#lib/protocol/crdt.ts'
import { replacedRanges } from '../text-difference.ts'
import type { CollectionRules } from '../types.ts'
import { claim } from './claim.ts'
import type { Dot, SeenDots } from './dots.ts'
import { highestSeen, mergeSeen, parseDot, seenOf, seenOfRuns } from './dots.ts'
import type { CrdtFailure, CrdtFailureCode } from './failure.ts'
import { countUp, EMPTY_G_COUNTER } from './g-counter.ts'
import { crdtLeaves } from './governed.ts'
import { kindFor } from './kind-for.ts'
import { registerOf } from './lww-register.ts'
import { DERIVED_DOTS_FROM, dotsOf } from './or-set.ts'
import { countBy, EMPTY_PN_COUNTER } from './pn-counter.ts'
import { distinct, elementsFrom } from './set-values.ts'
import type { TextCrdt } from './text.ts'

/** Who wrote a document, and what makes the derived change its own. */
export interface DocumentWriter {
  readonly deviceId: string
  readonly hlc: string
  readonly mutationId: string
  readonly epoch: number
  /** The version that the write makes. */
  readonly version: number
  /** Under whose id its counts go, where that is not the device's. */
  readonly countsAs?: string
  /** Its texts are one replaced range each, as releases before 29 November 2026 derived them. */
  readonly asOneRange?: boolean
  /** What a path was called when the write was taken, where that was under an older schema version (DL5). */
  readonly nameOf?: (path: string) => string
}

/** A document with its CRDTs. */
export interface CrdtDocument {
  readonly data: JsonObject
  readonly states: CrdtStates
}

export interface DeriveQuestion {
  readonly rules: Pick<CollectionRules, 'strategy' | 'fieldStrategies'>
  /** What the device saw. */
  readonly base: CrdtDocument
  /** The device's document. */
  readonly next: JsonObject
  /** A `put` that leaves a counter, set or text out lets it be; a `patch` that unsets one empties it. */
  readonly absence: 'keeps' | 'empties'
  /** The CRDTs that the change will be joined into. */
  readonly current: CrdtStates
  readonly writer: DocumentWriter
}

/** New elements of one set in one document write. */
export const DERIVED_ELEMENTS_MAX = 4_096
const VERSIONS = 2 ** 33
export const EPOCHS = 2 ** 6

/**
 * A document write as delta-states: its difference from what the device saw. A pure function of
 * its question, so that a chain by `after` can be derived again.
 */
export function deriveDeltas(
  question: DeriveQuestion,
  text: TextCrdt | null,
): Result<CrdtStates, CrdtFailure> {
  const { rules, base, next, current } = question
  const stops = new Set([...stopsOf(base.states), ...stopsOf(current)])
  const before = crdtLeaves(rules, base.data, stops)
  const after = crdtLeaves(rules, next, stops)
  const deltas = new Map<string, CrdtState>()
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(path), after.get(path)]
    if (jsonEqual(was, is)) continue
    const delta = deriveOne(question, path, was, is, text)
    if (!delta.ok) return err({ code: delta.error, path })
    if (delta.value) deltas.set(path, delta.value)
  }
  return ok(Object.fromEntries(deltas))
}

/** Where a value is one thing, though it is an object. */
export const stopsOf = (states: CrdtStates): readonly string[] =>
  Object.entries(states)
    .filter(([, state]) => state.kind !== 'lww-register' || isFilled(state.value))
    .map(([path]) => path)
const isFilled = (value: Json | undefined): boolean => isJsonObject(value) && Object.keys(value).length > 0

function deriveOne(
  question: DeriveQuestion,
  path: string,
  was: Json | undefined,
  is: Json | undefined,
  text: TextCrdt | null,
): Result<CrdtState | null, CrdtFailureCode> {
  const { base, current, writer, absence } = question
  const kind =
    ownState(current, path)?.kind ?? ownState(base.states, path)?.kind ?? kindFor(question.rules, path, is)
  if (kind === 'lww-register') return ok(registerOf(is, writer.hlc))
  if (is === undefined && absence === 'keeps') return ok(null)
  switch (kind) {
    case 'g-counter':
    case 'pn-counter':
      return count(question, path, kind, was ?? 0, is ?? 0)
    case 'or-set':
      return changeSet(question, path, was ?? [], is ?? [], text)
    case 'text':
      return editText(question, path, was ?? '', is ?? '', text)
  }
}

export const ownState = (states: CrdtStates, path: string): CrdtState | undefined =>
  Object.hasOwn(states, path) ? states[path] : undefined

function count(
  { current, writer }: DeriveQuestion,
  path: string,
  kind: 'g-counter' | 'pn-counter',
  was: Json,
  is: Json,
): Result<CrdtState, CrdtFailureCode> {
  if (typeof is !== 'number' || typeof was !== 'number') return err('wrong_type')
  const by = is - was
  if (!Number.isSafeInteger(is) || !Number.isSafeInteger(by)) return err('wrong_type')
  const state = ownState(current, path)
  const actor = writer.countsAs ?? writer.deviceId
  if (kind === 'g-counter') return countUp(state?.kind === kind ? state : EMPTY_G_COUNTER, actor, by)
  return countBy(state?.kind === kind ? state : EMPTY_PN_COUNTER, actor, by)
}

function changeSet(
  question: DeriveQuestion,
  path: string,
  was: Json,
  is: Json,
  text: TextCrdt | null,
): Result<CrdtState, CrdtFailureCode> {
  if (!Array.isArray(was) || !Array.isArray(is)) return err('wrong_type')
  const [before, after] = [distinct(was as readonly Json[]), distinct(is as readonly Json[])]
  const added = [...after].filter(([key]) => !before.has(key)).map(([, value]) => value)
  const removed = [...before].filter(([key]) => !after.has(key)).map(([, value]) => value)
  if (added.length > DERIVED_ELEMENTS_MAX) return err('too_large')
  const set = seenSet(question, path, text)
  if (!set.ok) return set
  const dots = removed.flatMap((value) => dotsOf(set.value, value)).flatMap((dot) => parseDot(dot) ?? [])
  const { deviceId } = question.writer
  const first = { deviceId, n: derivedDotNumber(question.writer) }
  const seen = mergeSeen(seenOf(dots), added.length === 0 ? {} : newRun(question, path, first, added.length))
  return ok({ kind: 'or-set', add: elementsFrom(first, added), seen })
}

/**
 * The server alone gives these numbers, and they only grow: what lies between the last one and these will never be
 * given, and is taken in, so that a device's numbers stay one run.
 */
function newRun({ current }: DeriveQuestion, path: string, first: Dot, count: number): SeenDots {
  const { deviceId } = first
  const set = ownState(current, path)
  const known = set?.kind === 'or-set' ? highestSeen(set.seen, deviceId, Number.MAX_SAFE_INTEGER) : 0
  const from = Math.min(first.n, Math.max(DERIVED_DOTS_FROM, known + 1))
  return seenOfRuns([[{ deviceId, n: from }, first.n + count - 1]])
}

/** The set whose dots a removal names: the one that the device saw; what was a plain array then is found in today's. */
function seenSet(
  { base, current }: DeriveQuestion,
  path: string,
  text: TextCrdt | null,
): Result<OrSetState, CrdtFailureCode> {
  const state = ownState(base.states, path) ?? ownState(current, path)
  if (!state) return ok({ kind: 'or-set', add: [], seen: {} })
  const set = claim(state, 'or-set', text)
  return set.ok && set.value.kind === 'or-set' ? ok(set.value) : err('kind_mismatch')
}

/** Above all numbers that devices give, and growing with what the server writes; never twice, restores included. */
const derivedDotNumber = ({ epoch, version }: DocumentWriter): number =>
  DERIVED_DOTS_FROM + ((epoch % EPOCHS) * VERSIONS + (version % VERSIONS)) * DERIVED_ELEMENTS_MAX

function editText(
  { base, writer }: DeriveQuestion,
  path: string,
  was: Json,
  is: Json,
  text: TextCrdt | null,
): Result<CrdtState, CrdtFailureCode> {
  if (typeof is !== 'string' || typeof was !== 'string') return err('wrong_type')
  // In an update it would be another character, and nobody would have said so (JS1).
  if (hasHalfPair(is) && !hasHalfPair(was)) return err('wrong_type')
  if (!text) return err('text_not_loaded')
  const state = ownState(base.states, path)
  // Its author may have typed in it since: in what the register becomes that this is where nothing else was before it.
  if (!state) return was === '' ? claim(registerOf(is, writer.hlc), 'text', text) : err('wrong_type')
  const seen = claim(state, 'text', text)
  if (!seen.ok) return seen
  if (seen.value.kind !== 'text') return err('kind_mismatch')
  const seed = `${writer.mutationId}${writer.nameOf?.(path) ?? path}`
  const ranges = writer.asOneRange ? [] : replacedRanges(was, is)
  // Under a number of its own: what was derived as one range says something else under the other.
  return ranges.length > 1
    ? text.edit(seen.value, { before: was, ranges }, `${seed} ranges`)
    : text.edit(seen.value, is, seed)
}
