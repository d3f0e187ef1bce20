import { parseHlc } from '#lib/kernel/hlc.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { CrdtKind, CrdtState, LwwRegisterState } from '#lib/protocol/crdt.ts'
import { seenOfRuns } from './dots.ts'
import type { CrdtFailureCode } from './failure.ts'
import { countUp, EMPTY_G_COUNTER } from './g-counter.ts'
import { EMPTY_OR_SET } from './or-set.ts'
import { countBy, EMPTY_PN_COUNTER } from './pn-counter.ts'
import { distinct, elementsFrom } from './set-values.ts'
import type { TextCrdt } from './text.ts'

/** Dots of elements that were in a plain array when it became a set. */
export const SEED_DOTS_FROM = 2 ** 50

/**
 * The state as one of another kind, where a document write made it and the first `crdt` change says what it is: a
 * register becomes what its value can be, counted and added by the device that wrote it, and a counter that never
 * went down a g-counter. Everything else is a mismatch. Equal states give equal states on every replica.
 */
export function claim(
  state: CrdtState,
  kind: CrdtKind,
  text: TextCrdt | null,
): Result<CrdtState, CrdtFailureCode> {
  if (state.kind === kind) return ok(state)
  if (state.kind === 'pn-counter' && kind === 'g-counter' && Object.keys(state.state.n).length === 0)
    return ok({ kind: 'g-counter', state: state.state.p })
  return state.kind === 'lww-register' ? seed(state, kind, text) : err('kind_mismatch')
}

function seed(
  { value, hlc }: LwwRegisterState,
  kind: CrdtKind,
  text: TextCrdt | null,
): Result<CrdtState, CrdtFailureCode> {
  const stamp = parseHlc(hlc)
  if (!stamp.ok) return err('bad_stamp')
  const { deviceId } = stamp.value
  const isEmpty = value === undefined || value === null
  if (kind === 'g-counter' || kind === 'pn-counter') {
    const by = isEmpty ? 0 : value
    if (typeof by !== 'number' || !Number.isSafeInteger(by) || (by < 0 && kind === 'g-counter'))
      return err('kind_mismatch')
    return kind === 'g-counter'
      ? countUp(EMPTY_G_COUNTER, deviceId, by)
      : countBy(EMPTY_PN_COUNTER, deviceId, by)
  }
  if (kind === 'or-set') return isEmpty ? ok(EMPTY_OR_SET) : seedSet(value, deviceId)
  if (kind !== 'text' || (!isEmpty && typeof value !== 'string')) return err('kind_mismatch')
  return text ? text.edit(null, isEmpty ? '' : value, hlc) : err('text_not_loaded')
}

function seedSet(value: Json, deviceId: string): Result<CrdtState, CrdtFailureCode> {
  if (!Array.isArray(value)) return err('kind_mismatch')
  const values = [...distinct(value as readonly Json[]).values()]
  if (values.length === 0) return ok(EMPTY_OR_SET)
  const first = { deviceId, n: SEED_DOTS_FROM }
  const seen = seenOfRuns([[first, SEED_DOTS_FROM + values.length - 1]])
  return ok({ kind: 'or-set', add: elementsFrom(first, values), seen })
}
