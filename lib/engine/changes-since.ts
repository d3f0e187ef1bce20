import type { Mutation } from '#lib/protocol/mutation.ts'
import { afterOwn, asMadeToday, chainBase } from './after-chain.ts'
import { CHAIN_MAX, findParent, isInDocument } from './chain-links.ts'
import type { PushDraft } from './push-draft.ts'
import { documentAt } from './push-draft.ts'
import type { BaseDocument, SeenDocument } from './types.ts'

/** How many parts of a chain (`changesSince`) are looked at; to join the texts of one takes its time. */
const CHANGES_MAX = 16

/**
 * What the chain did after `version`, oldest first, as documents before and after: one part for each life of the record, and
 * one for what it changed as it put back what it had deleted itself. Of more than so many parts the newest.
 */
export function changesSince(
  draft: PushDraft,
  mutation: Mutation,
  deviceId: string,
  version: number,
): readonly DocumentChange[] {
  const changes: DocumentChange[] = []
  let [child, after]: [Mutation, SeenDocument | null] = [mutation, null]
  for (let links = 0; links < CHAIN_MAX && changes.length < CHANGES_MAX; links++) {
    const parent = findParent(draft, child, deviceId)
    if (parent && 'version' in parent.result && parent.result.version <= version) break
    if (!parent || isInDocument(parent.result, child.baseVersion))
      return [...seenSince(draft, child, version), ...changes]
    child = parent.mutation
    if (child.op.type === 'delete') after = null
    if (child.op.type === 'delete' || !('version' in parent.result)) continue
    const made = asMadeToday(draft, child)
    const { document, undone } = chainBase(draft, made, parent.deviceId)
    const isUndoing = undone !== null && document.kind === 'known' && document.data === null
    const before: BaseDocument = isUndoing ? { kind: 'known', ...undone } : document
    const next = afterOwn(draft, before, { ...parent, mutation: made })
    if (before.kind === 'unknown' || !next) return []
    if (after && !isUndoing) changes.shift()
    if (isUndoing) after = null
    else after ??= next
    changes.unshift({ before, after: after ?? next })
  }
  return changes
}

/** What the device had seen by then, its own acknowledged changes with it. */
function seenSince(draft: PushDraft, first: Mutation, version: number): readonly DocumentChange[] {
  if (first.baseVersion <= version) return []
  const [before, after] = [version, first.baseVersion].map((baseVersion) =>
    documentAt(draft, { ...first, baseVersion }),
  )
  const isKnown = before?.kind === 'known' && before.data && after?.kind === 'known' && after.data
  return isKnown ? [{ before, after }] : []
}

interface DocumentChange {
  readonly before: SeenDocument
  readonly after: SeenDocument
}
