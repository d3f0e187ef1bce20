import type { Json } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import { overlaps, valueAt } from '#lib/kernel/json-pointer.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import { ownState } from './crdt/derive.ts'
import { otPaths, withValue } from './ot/paths.ts'
import { touchedPlaces } from './ot/touched-places.ts'
import type { ChainView } from './push-draft.ts'
import type { BaseDocument, CollectionRules, SeenDocument } from './types.ts'

type Edit = Extract<Operation, { type: 'put' | 'patch' }>

/**
 * A chain's view behind a document write that was made on an older base than the view is of (AF2). There the device shows what
 * it wrote, without what others did to the text meanwhile: so its next edit stands on what the write itself stood on, and goes
 * past those from there. Derived on the newer base, the write would take out what they did, and be another one than was joined.
 * @param view behind the write, on the newer base
 * @param own behind the write, on its own base
 * @param otStates paths that had operations, by today's names
 */
export function asMadeOn(
  rules: CollectionRules,
  otStates: Readonly<Record<string, unknown>>,
  op: Edit,
  view: ChainView,
  own: ChainView,
): ChainView {
  const { document, taken } = view
  // What a deletion or a decision lies between has its own rules (CS9, AF3).
  if (view.ownSide || view.hasDeleted || own.hasDeleted) return view
  if (document.kind === 'unknown' || taken.kind === 'unknown') return view
  if (own.document.kind === 'unknown' || own.taken.kind === 'unknown') return view
  const { data, crdt } = own.document
  const isLeftBy = (path: string): boolean =>
    says(op, path) &&
    !own.ahead.includes(path) &&
    (view.hasLost || !isLostAt(own, path)) &&
    jsonEqual(valueAt(document.data, path), valueAt(data, path))
  const joined = Object.keys(crdt).filter((path) => isPlaced(document, path) && isPlaced({ crdt }, path))
  const paths = [...otPaths(rules, otStates), ...joined].filter(isLeftBy)
  if (paths.length === 0) return view
  const { seen, seenVersion } = own
  const apart = paths.map((path) => [path, own.apart.get(path) ?? { seen, seenVersion }] as const)
  const next = placed(document, own.document, paths)
  return {
    ...view,
    document: next,
    taken: taken === document && own.taken === own.document ? next : placed(taken, own.taken, paths),
    apart: new Map([...view.apart, ...apart]),
  }
}

/** Kinds whose parts have names of their own, which a later edit goes by. */
const isPlaced = ({ crdt }: Pick<SeenDocument, 'crdt'>, path: string): boolean => {
  const kind = ownState(crdt, path)?.kind
  return kind === 'text' || kind === 'or-set'
}

/**
 * True where the authority took less at the path than the device has. What was superseded beside it is no part of that, though
 * an older base has such links before it that a newer one has left behind.
 */
function isLostAt({ document, taken, lost }: ChainView, path: string): boolean {
  if (document.kind === 'unknown' || taken.kind === 'unknown') return false
  return (
    lost.some((place) => overlaps(place, path)) && !jsonEqual(heldAt(document, path), heldAt(taken, path))
  )
}

const heldAt = ({ data, crdt }: SeenDocument, path: string): Json =>
  [valueAt(data, path) ?? null, ownState(crdt, path) ?? null] as unknown as Json

/** What a `put` leaves out it lets be. */
const says = (op: Edit, path: string): boolean =>
  op.type === 'put'
    ? valueAt(op.data, path) !== undefined
    : touchedPlaces(op).some((place) => overlaps(place, path))

function placed(document: SeenDocument, from: SeenDocument, paths: readonly string[]): BaseDocument {
  let { data, crdt } = document
  for (const path of paths) {
    data = data && (withValue(data, path, valueAt(from.data, path)) ?? data)
    const state = ownState(from.crdt, path)
    if (state) crdt = { ...crdt, [path]: state }
  }
  return { ...document, kind: 'known', data, crdt }
}
