import type { JsonObject } from '#lib/kernel/json.ts'
import { isWithin, toPointer } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { ok } from '#lib/kernel/result.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { CollectionRules } from '../types.ts'
import type { PatchFailure } from '../patch.ts'
import { applyOperation, parseKey } from '../patch.ts'
import { deltasOf } from './apply-changes.ts'
import type { CrdtDocument, DocumentWriter } from './derive.ts'
import { deriveDeltas } from './derive.ts'
import type { CrdtFailure } from './failure.ts'
import { crdtLeaves, strategyAt } from './governed.ts'
import type { TextCrdt } from './text.ts'

type Edit = Exclude<Operation, { type: 'delete' }>
type Rules = Pick<CollectionRules, 'strategy' | 'fieldStrategies'>

/** What an operation writes: the document as its author has it then, and what that changes in the CRDTs. */
export interface Written {
  readonly next: JsonObject
  readonly deltas: CrdtStates
}

/** Carries an edit out on the document that its author saw. `current` is what its changes will be joined into. */
export function writeDocument(
  rules: Rules,
  op: Edit,
  base: CrdtDocument,
  current: CrdtStates,
  writer: DocumentWriter,
  text: TextCrdt | null,
): Result<Written, CrdtFailure | PatchFailure> {
  if (op.type === 'crdt') {
    const deltas = deltasOf(rules, op.changes, text)
    return deltas.ok ? ok({ next: base.data, deltas: deltas.value }) : deltas
  }
  const next = applyOperation(base.data, op)
  if (!next.ok) return next
  const question = {
    rules,
    base,
    next: next.value ?? {},
    absence: op.type === 'put' ? 'keeps' : 'empties',
    current,
    writer,
  } as const
  const deltas = deriveDeltas(question, text)
  return deltas.ok ? ok({ next: question.next, deltas: deltas.value }) : deltas
}

/** The first place at which a document write touches what a CRDT holds or would hold: it needs its base there. */
export function touchedCrdt(rules: Rules, op: Edit, current: CrdtStates): string | null {
  if (op.type === 'put') return Object.keys(current)[0] ?? firstLeaf(rules, op.data)
  if (op.type !== 'patch') return null
  for (const key of [...Object.keys(op.set ?? {}), ...(op.unset ?? [])]) {
    const path = parseKey(key) ?? [key]
    const pointer = toPointer(path)
    const holds = Object.keys(current).some((held) => isWithin(held, pointer))
    if (holds || strategyAt(rules, path).strategy === 'crdt') return pointer
  }
  const set = applyOperation({}, { type: 'patch', set: op.set })
  return set.ok && set.value ? firstLeaf(rules, set.value) : null
}

const NO_STOPS: ReadonlySet<string> = new Set()
const firstLeaf = (rules: Rules, document: JsonObject): string | null =>
  crdtLeaves(rules, document, NO_STOPS).keys().next().value ?? null
