import type { Json } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { CrdtChange, CrdtState, TextState } from '#lib/protocol/crdt.ts'
import type { CrdtFailureCode } from './failure.ts'
import { checkGCounter, mergeGCounters, readGCounter } from './g-counter.ts'
import { checkLwwRegister, mergeLwwRegisters } from './lww-register.ts'
import { checkOrSet, mergeOrSets, readOrSet } from './or-set.ts'
import { checkPnCounter, mergePnCounters, readPnCounter } from './pn-counter.ts'
import type { TextCrdt } from './text.ts'

/** The delta-state of a wire change, checked: what comes from outside goes through here. */
export function deltaOf(change: CrdtChange, text: TextCrdt | null): Result<CrdtState, CrdtFailureCode> {
  switch (change.kind) {
    case 'g-counter':
      return checkGCounter(change)
    case 'pn-counter':
      return checkPnCounter(change)
    case 'or-set':
      return checkOrSet(change)
    case 'lww-register':
      return checkLwwRegister(change)
    case 'text':
      return text ? text.check(change) : err('text_not_loaded')
  }
}

/** The least state that holds both: commutative, associative, idempotent (CS4). */
export function mergeStates(
  a: CrdtState,
  b: CrdtState,
  text: TextCrdt | null,
): Result<CrdtState, CrdtFailureCode> {
  if (a.kind === 'g-counter' && b.kind === 'g-counter') return ok(mergeGCounters(a, b))
  if (a.kind === 'pn-counter' && b.kind === 'pn-counter') return ok(mergePnCounters(a, b))
  if (a.kind === 'or-set' && b.kind === 'or-set') return ok(mergeOrSets(a, b))
  if (a.kind === 'lww-register' && b.kind === 'lww-register') return ok(mergeLwwRegisters(a, b))
  if (a.kind === 'text' && b.kind === 'text') return text ? text.merge(a, b) : err('text_not_loaded')
  return err('kind_mismatch')
}

/** What a state reads as in the document; undefined for a register that holds nothing. */
export function readState(
  state: CrdtState,
  text: TextCrdt | null,
): Result<Json | undefined, CrdtFailureCode> {
  switch (state.kind) {
    case 'g-counter':
      return ok(readGCounter(state))
    case 'pn-counter':
      return ok(readPnCounter(state))
    case 'or-set':
      return ok(readOrSet(state))
    case 'lww-register':
      return ok(state.value)
    case 'text':
      return readText(state, text)
  }
}

const readText = (state: TextState, text: TextCrdt | null): Result<string, CrdtFailureCode> =>
  text ? text.read(state) : err('text_not_loaded')
