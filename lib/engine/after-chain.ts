import type { JsonObject } from '#lib/kernel/json.ts'
import { unreachable } from '#lib/kernel/result.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { EffectiveResult, MutationResult } from '#lib/protocol/push.ts'
import { applyOperation } from './patch.ts'
import type { PushDraft } from './push-draft.ts'
import { documentAt, mutationOf } from './push-draft.ts'
import type { BaseDocument, KnownMutation } from './types.ts'

/** How many ancestors by `after` are followed; a longer chain has an unknown base. */
export const CHAIN_MAX = 500

/** What a parent's result means for a child (protocol.md, `after`). */
export type ParentFate =
  | { readonly kind: 'none' }
  | { readonly kind: 'stands' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'conflict'; readonly conflictId: string }
  | { readonly kind: 'dead' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'waits'; readonly status: 'retry' | 'shed'; readonly retryAfterMs: number }

/** The fate of a child whose parent ended with `result`; total over every status. */
export function fateAfter(result: MutationResult): ParentFate {
  switch (result.status) {
    case 'applied':
    case 'merged':
    case 'superseded':
      return { kind: 'stands' }
    case 'conflict':
      return { kind: 'conflict', conflictId: result.conflictId }
    case 'dead_lettered':
      return { kind: 'dead' }
    case 'refused':
      return { kind: 'refused' }
    case 'retry':
    case 'shed':
      return { kind: 'waits', status: result.status, retryAfterMs: result.retryAfterMs }
    case 'duplicate':
      return fateAfter(result.original)
    case 'not_applied':
      return { kind: 'unknown' }
    default:
      return unreachable(result)
  }
}

/** `withoutEffect` holds the results of this push that nothing remembers. */
export function parentFate(
  draft: PushDraft,
  mutation: Mutation,
  deviceId: string,
  withoutEffect: ReadonlyMap<string, MutationResult>,
): ParentFate {
  if (mutation.after === undefined) return { kind: 'none' }
  const failed = withoutEffect.get(mutation.after)
  if (failed) return fateAfter(failed)
  const parent = findParent(draft, mutation, deviceId)
  return parent ? fateAfter(parent.result) : { kind: 'unknown' }
}

/** A parent is the same device's mutation of the same record; anything else by that id is not one. */
function findParent(draft: PushDraft, child: Mutation, deviceId: string): KnownMutation | null {
  const parent = child.after === undefined ? null : mutationOf(draft, child.after)
  if (!parent || parent.deviceId !== deviceId) return null
  const { collection, recordId } = parent.mutation
  return collection === child.collection && recordId === child.recordId ? parent : null
}

export interface ChainBase {
  /** The document at `baseVersion` with the chain's earlier changes applied. */
  readonly document: BaseDocument
  /** Newest version that the chain itself made; 0 when it made none. */
  readonly madeVersion: number
}

/** What the device saw when it made this mutation (protocol.md, `after`). */
export function chainBase(draft: PushDraft, mutation: Mutation, deviceId: string): ChainBase {
  const root = documentAt(draft, mutation)
  const ancestors = pendingAncestors(draft, mutation, deviceId)
  if (ancestors === null) return { document: { kind: 'unknown' }, madeVersion: 0 }
  const madeVersion = Math.max(0, ...ancestors.map(({ result }) => ('version' in result ? result.version : 0)))
  if (root.kind === 'unknown') return { document: root, madeVersion }
  let data: JsonObject | null = root.data
  for (const ancestor of ancestors) {
    const next = applyOperation(data, ancestor.mutation.op)
    if (!next.ok) return { document: { kind: 'unknown' }, madeVersion }
    data = next.value
  }
  return { document: { kind: 'known', data }, madeVersion }
}

/** Ancestors whose change the base document doesn't hold yet, oldest first; null when one is not known. */
function pendingAncestors(draft: PushDraft, mutation: Mutation, deviceId: string): KnownMutation[] | null {
  const ancestors: KnownMutation[] = []
  for (let child = mutation; child.after !== undefined; ) {
    const parent = findParent(draft, child, deviceId)
    if (!parent || ancestors.length === CHAIN_MAX) return null
    // The direct parent was not acknowledged when the child was made: if it lost, no document ever held it.
    const lost = child === mutation && parent.result.status === 'superseded'
    if (!lost && seenAt(parent.result) <= mutation.baseVersion) break
    ancestors.unshift(parent)
    child = parent.mutation
  }
  return ancestors
}

/** The version at which a device that reads the record has this mutation's outcome before it. */
function seenAt(result: EffectiveResult): number {
  if (result.status === 'applied' || result.status === 'merged') return result.version
  return result.status === 'superseded' ? result.record.version : Infinity
}
