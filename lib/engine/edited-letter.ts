import type { PushDraft } from './push-draft.ts'
import { mutationOf, recordOf } from './push-draft.ts'
import type { IncomingMutation, IncomingPush } from './types.ts'

/**
 * The mutations of a push; the form that a person gives to an `underivable` letter is made on the record as it stands, which
 * they have before them (AF4): what the letter was made on is not known here.
 */
export function onTodaysRecord(
  draft: PushDraft,
  { mutations, editOf, isOfToday }: IncomingPush,
): readonly IncomingMutation[] {
  const letter = editOf === null || !isOfToday ? null : mutationOf(draft, editOf)?.result
  if (letter?.status !== 'dead_lettered' || letter.code !== 'underivable') return mutations
  return mutations.map((incoming) => {
    const { baseEpoch: _, after: __, ...mutation } = incoming.mutation
    const record = recordOf(draft, mutation)
    const { type } = mutation.op
    if (!record || record.deleted || (type !== 'put' && type !== 'patch')) return incoming
    return {
      ...incoming,
      mutation: { ...mutation, baseVersion: record.version, baseEpoch: draft.world.epoch },
    }
  })
}
