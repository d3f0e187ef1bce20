import { jsonEqual } from '#lib/kernel/json.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { overlaps, valueAt } from '#lib/kernel/json-pointer.ts'
import type { OtOperation } from '#lib/protocol/mutation.ts'
import { spend } from './push-work.ts'
import type { LoggedOp } from './ot/integrate.ts'
import { TRANSFORM_COST_MAX } from './ot/integrate.ts'
import { touchedPlaces } from './ot/touched-places.ts'
import type { OtType } from './ot/ot-type.ts'
import type { RecordQuestion } from './decide-record.ts'
import type { ChainView, PushDraft } from './push-draft.ts'
import { mutationOf, otLogAt } from './push-draft.ts'
import type { KnownMutation, PathOp, RecordState } from './types.ts'

/** Operations times the size of what they change: what doing them again costs, half a second at worst. */
const REDONE_UNITS_MAX = 100_000_000

/** Where an operation stands: who asks, on which chain, of which record as it is today. */
export interface LogQuestion {
  readonly draft: PushDraft
  readonly question: RecordQuestion
  readonly chain: ChainView
  readonly current: RecordState | null
}

/**
 * What an operation has to pass, up to the path's newest `revision`; null where that can't be told any more.
 * @param isLost its number says nothing of what it was made on
 */
export function operationsSince(
  ask: LogQuestion,
  { path, baseRevision }: OtOperation,
  type: OtType,
  revision: number,
  isLost: boolean,
): readonly LoggedOp[] | null {
  const { ownSide, ownTouched, madeAnew, seenVersion } = ask.chain
  const since = otLogAt(ask.draft, ask.question.mutation, path).filter((entry) =>
    madeAnew ? entry.version > seenVersion : entry.revision > baseRevision,
  )
  // A side that has nothing of the path leaves it to its numbers.
  const isContested = isLost || ownTouched.some((other) => overlaps(other, path))
  if (ownSide && isContested) return sinceDecision(ask, path, type, ownSide)
  return reaches(since, madeAnew ? revision - since.length : baseRevision, revision) ? since : null
}

/**
 * True where a copy of the device's store sent what an operation stands on as another one than this device has: from another
 * revision, with others' operations between. The log has that one alone, so nothing tells how the two fit.
 */
export function isChainSentOtherwise(
  { draft, question }: LogQuestion,
  { path, baseRevision }: OtOperation,
  since: readonly LoggedOp[],
  chain: ReadonlySet<string>,
): boolean {
  const own = [...chain].flatMap((id) => mutationOf(draft, id) ?? [])
  const others = since.filter(({ mutationId }) => !chain.has(mutationId))
  return since.some(({ mutationId, revision }) => {
    const sent = own.find(({ id }) => id === mutationId)
    if (sent?.mutation.op.type !== 'ot' || sent.deviceId === question.author) return false
    const { baseRevision: from } = sent.mutation.op
    const passed = others.filter((other) => other.revision < revision)
    if (from >= baseRevision) return passed.some((other) => other.revision <= from)
    return passed.length > 0 && ownBetween(own, path, from, baseRevision) < baseRevision - from
  })
}

/** How many of a path's revisions after `from` up to `to` are own ones; all, where a document write may be among them. */
function ownBetween(own: readonly KnownMutation[], path: string, from: number, to: number): number {
  const isDocument = ({ mutation: { op } }: KnownMutation): boolean =>
    op.type !== 'ot' && touchedPlaces(op).some((place) => overlaps(place, path))
  if (own.some(isDocument)) return Infinity
  const revisionOf = ({ result }: KnownMutation): number => ('revision' in result && result.revision) || 0
  return own.filter((each) => revisionOf(each) > from && revisionOf(each) <= to).length
}

/** True when the log has every operation after `from` up to `to`. */
const reaches = (log: readonly PathOp[], from: number, to: number): boolean =>
  from <= to && log.length === to - from && log.every(({ revision }, i) => revision === from + 1 + i)

/**
 * What was done to a path since what the mutation's author saw, or null where the log doesn't tell it all: done again,
 * it must make what stands there in `document`, today's. A compacted log has no gap that its numbers would show.
 */
export function completeSince(
  ask: LogQuestion,
  path: string,
  type: OtType,
  document = ask.current?.data ?? null,
): readonly PathOp[] | null {
  const { draft, question, chain } = ask
  const place = chain.apart.get(path) ?? chain
  if (place.seen.kind === 'unknown') return null
  const since = otLogAt(draft, question.mutation, path).filter(({ version }) => version > place.seenVersion)
  const seen = valueAt(place.seen.data, path)
  const now = valueAt(document, path)
  const units = Math.max(sizeOf(seen), sizeOf(now))
  if (since.length * units > REDONE_UNITS_MAX) return null
  spend(draft.work, (since.length * units * TRANSFORM_COST_MAX) / REDONE_UNITS_MAX)
  const redone = type.redo(
    seen,
    since.map(({ ops }) => ops),
  )
  if (!redone.ok) return null
  const { value } = redone
  return jsonEqual(value, now) || (type.kind === 'text' && (value ?? '') === (now ?? '')) ? since : null
}

const sizeOf = (value: Json | undefined): number => (value === undefined ? 0 : JSON.stringify(value).length)

/**
 * A person decided otherwise than the chain had it: how the decision differs from the chain's side, which its later
 * operations were made on, comes first.
 */
function sinceDecision(
  ask: LogQuestion,
  path: string,
  type: OtType,
  ownSide: JsonObject,
): readonly LoggedOp[] | null {
  const { chain } = ask
  const since = completeSince(ask, path, type)
  const decided = chain.seen.kind === 'known' ? valueAt(chain.seen.data, path) : undefined
  const turn = type.diff(valueAt(ownSide, path), decided, ask.draft.work)
  if (!since || !turn.ok) return null
  const entry = { revision: 0, version: chain.seenVersion, mutationId: '', ops: turn.value, made: turn.value }
  return [entry, ...since]
}
