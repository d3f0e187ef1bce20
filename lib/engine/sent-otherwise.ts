import type { Json } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import { overlaps } from '#lib/kernel/json-pointer.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { chainIds } from './chain-links.ts'
import type { RecordQuestion } from './decide-record.ts'
import { otPaths, usesOt } from './ot/paths.ts'
import { touchedPlaces } from './ot/touched-places.ts'
import type { PushDraft } from './push-draft.ts'
import { mutationOf, recordOf } from './push-draft.ts'

/** What its letter says, and by which a replay of it is known. */
export const SENT_OTHERWISE = 'was sent as another one by a copy of the device'

/** `hhhhhhhhhhhh-cccc` of a stamp (kernel/hlc.ts): the rest names the device, which has several ids here. */
const TIME_CHARS = 17
const timeOf = ({ hlc }: Mutation): string => hlc.slice(0, TIME_CHARS)

/**
 * True where a copy of the device's store had `sent` the mutation with more, or less, joined to it than its `own` form has (FK1).
 * A CRDT's change moves to another id as another one, and counts by its dots. Of operations from two revisions the time
 * of the last part tells.
 */
export function isOtherForm(sent: Mutation, own: Mutation): boolean {
  if (sent.op.type === 'crdt' || own.op.type === 'crdt') return false
  const isPassed =
    sent.op.type === 'ot' && own.op.type === 'ot' && sent.op.baseRevision !== own.op.baseRevision
  return isPassed ? timeOf(sent) !== timeOf(own) : !jsonEqual(sent.op as Json, own.op as Json)
}

type Asked = Pick<RecordQuestion, 'mutation' | 'author' | 'rules' | 'isReplay'>

/**
 * The path under OT, of its record's, at which a mutation was made on what the log has otherwise: a copy of the store sent
 * what it stands on with more, or less, joined to that. This push told so, or the time of what was sent does: it is later
 * than that of the mutation, which was made after what its device had of it. Its letter stays one when it is replayed.
 */
export function sentOtherwiseAt(
  draft: PushDraft,
  { mutation, author, rules, isReplay }: Asked,
  ofRecord: readonly string[],
): string | undefined {
  const { op } = mutation
  if (mutation.after === undefined || draft.linkedIds.length === 0 || op.type === 'delete') return undefined
  const places = touchedPlaces(op)
  const paths = (op.type === 'ot' ? places : ofRecord).filter((path) => touches(places, path))
  if (paths.length === 0) return undefined
  const before = isReplay ? mutationOf(draft, mutation.id)?.result : undefined
  // A person made another document of it, on the record as it is.
  if (isReplay && !before && op.type !== 'ot') return undefined
  if (before?.status === 'dead_lettered' && before.detail.endsWith(SENT_OTHERWISE)) return paths[0]
  for (const id of chainIds(draft, mutation, author)) {
    const known = mutationOf(draft, id)
    if (!known || known.deviceId === author || known.mutation.op.type === 'crdt') continue
    const own = draft.sentOtherwise.get(id)
    if (!own && timeOf(known.mutation) <= timeOf(mutation)) continue
    const isOfToday = known.mutation.schemaVersion === rules.schemaVersion
    const touched = isOfToday ? [known.mutation.op, ...(own ? [own] : [])].flatMap(touchedPlaces) : ['']
    const path = paths.find((one) => touches(touched, one))
    if (path !== undefined) return path
  }
  return undefined
}

const touches = (places: readonly string[], path: string): boolean =>
  places.some((place) => overlaps(place, path))

/** The same of what is to wait behind a conflict: only this push tells so. */
export function isHeldOtherwise(draft: PushDraft, mutation: Mutation, author: string): boolean {
  const rules = draft.world.collections.get(mutation.collection)
  if (!rules || !usesOt(rules)) return false
  const paths = otPaths(rules, recordOf(draft, mutation)?.ot ?? {})
  return sentOtherwiseAt(draft, { mutation, author, rules, isReplay: false }, paths) !== undefined
}
