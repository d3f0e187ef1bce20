import type { Mutation } from '#lib/protocol/mutation.ts'
import type { EffectiveResult } from '#lib/protocol/push.ts'
import type { PushDraft } from './push-draft.ts'
import { mutationOf } from './push-draft.ts'
import type { KnownMutation } from './types.ts'

/** How many ancestors by `after` are followed; a longer chain has an unknown base. */
export const CHAIN_MAX = 500

/** A parent is the same device's mutation of the same record, be it under a linked id; anything else is not one. */
export function findParent(draft: PushDraft, child: Mutation, deviceId: string): KnownMutation | null {
  const named = child.after === undefined ? null : mutationOf(draft, child.after)
  // Links follow edited replays (AF4).
  const parent = named?.replacedBy ? mutationOf(draft, named.replacedBy) : named
  if (!parent || (parent.deviceId !== deviceId && !draft.linkedIds.includes(parent.deviceId))) return null
  const { collection, recordId } = parent.mutation
  return collection === child.collection && recordId === child.recordId ? parent : null
}

/** The ids of the chain that a mutation goes on from, its own ancestors by `after`. */
export function chainIds(draft: PushDraft, mutation: Mutation, deviceId: string): ReadonlySet<string> {
  const ids = new Set<string>()
  for (let child = mutation; ids.size < CHAIN_MAX;) {
    const parent = findParent(draft, child, deviceId)
    if (!parent || ids.has(parent.id)) break
    ids.add(parent.id)
    child = parent.mutation
  }
  return ids
}

/** Of a change, and of those before it that its base has not: it was made on them, and they on what their bases have. */
export function lowestBase(draft: PushDraft, { id, deviceId, mutation }: KnownMutation): number {
  const { baseVersion } = mutation
  const known = draft.lowestBases.get(id)
  if (known !== undefined) return known
  // Links that go in a circle end here.
  draft.lowestBases.set(id, baseVersion)
  const parent = findParent(draft, mutation, deviceId)
  const isBehind = parent && !isInDocument(parent.result, baseVersion)
  const lowest = isBehind ? Math.min(baseVersion, lowestBase(draft, parent)) : baseVersion
  draft.lowestBases.set(id, lowest)
  return lowest
}

/** What was superseded is in no document, though a device may have gone on from it. */
export const isInDocument = (result: EffectiveResult, baseVersion: number): boolean =>
  (result.status === 'applied' || result.status === 'merged') && result.version <= baseVersion
