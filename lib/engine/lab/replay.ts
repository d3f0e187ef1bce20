import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject, jsonEqual, ownValue } from '#lib/kernel/json.ts'
import type { Path } from '#lib/kernel/json-pointer.ts'
import { fromPointer, isWithin, overlaps, toPointer, valueIn } from '#lib/kernel/json-pointer.ts'
import { changedPlaces } from '../conflict/field-stamps.ts'
import type { CollectionRules } from '../types.ts'
import type { LabSettings } from './lab-report.ts'
import type { LabStamps, RecordedConflict } from './recorded-conflict.ts'
import { recordedStamps, stampsByClocks } from './recorded-conflict.ts'
import { decideJoined, isJoining, type Joined, type JoiningEngines } from './replay-joined.ts'
import { decidePlain, documentOf } from './replay-plain.ts'

/** What a collection is, as far as the lab is concerned. */
export interface LabWorld {
  readonly rules: CollectionRules
  readonly engines: JoiningEngines
}

/** A change of a side ([LB2]). */
export interface Change {
  readonly side: 'local' | 'remote'
  readonly place: string
  readonly path: Path
  /** What the side has there; undefined where it took it away. */
  readonly value: Json | undefined
}

export type Replayed =
  | { readonly kind: 'person'; readonly fields: readonly string[] }
  | {
      readonly kind: 'settled'
      readonly data: JsonObject | null
      readonly lost: readonly Change[]
      /** With clocks that are right another document had come of it. */
      readonly isWrong: boolean
    }
  /** What it settles to is refused before it is written. */
  | { readonly kind: 'unfit' }
  | { readonly kind: 'time_unknown' }
  | { readonly kind: 'not_replayed' }

type Outcome = Exclude<Joined, { kind: 'unfit' }> | { readonly kind: 'unfit' | 'not_replayed' }
type Decide = (stamps: LabStamps) => Outcome

/** [LB2] What the sides had changed; without a base, wherever they differ both did. */
export function changesOf({ base, baseKnown, local, remote }: RecordedConflict): readonly Change[] {
  const of = (side: Change['side'], data: JsonObject | null, other: JsonObject | null): readonly Change[] => {
    // Two that made the record are as two that changed an empty one, as in a merge by field (CS3).
    const before = baseKnown ? (base ?? (data && {})) : other
    return changedPlaces(before, data).flatMap((place) => {
      const path = fromPointer(place) ?? []
      const value = valueIn(data ?? undefined, path)
      return leavesOf(path, value, valueIn(before ?? undefined, path)).map((leaf) => ({ side, ...leaf }))
    })
  }
  return [...of('local', local, remote), ...of('remote', remote, local)]
}

/** An object where none was is what is in it, name by name, for a merge joins it so; one with nothing in it is itself. */
function leavesOf(
  path: Path,
  value: Json | undefined,
  before: Json | undefined,
): readonly Omit<Change, 'side'>[] {
  if (path.length === 0 || !isJsonObject(value) || isJsonObject(before) || Object.keys(value).length === 0)
    return [{ place: toPointer(path), path, value }]
  return Object.keys(value).flatMap((key) => leavesOf([...path, key], ownValue(value, key), undefined))
}

/** A conflict with what every way to settle it asks for. */
export interface LabCase {
  readonly conflict: RecordedConflict
  readonly changes: readonly Change[]
  /** By which it is decided; null where they aren't known. */
  readonly stamps: LabStamps | null
  /** As clocks that are right would have made them; null where they aren't known, or order everything as `stamps` do. */
  readonly truth: LabStamps | null
}

/** [LB4] With its clocks put off by so much. Pure. */
export function caseOf(conflict: RecordedConflict, clocksOffMs: number): LabCase {
  const truth = stampsByClocks(conflict, 0)
  const stamps = clocksOffMs === 0 ? recordedStamps(conflict) : stampsByClocks(conflict, clocksOffMs)
  const isOrdered = stamps && truth && sameOrder(stamps, truth)
  return { conflict, changes: changesOf(conflict), stamps, truth: isOrdered ? null : truth }
}

/** [LB1] [LB3] One conflict under one way to settle it. Pure. */
export function replay(one: LabCase, settings: LabSettings, world: LabWorld): Replayed {
  const { conflict, changes, stamps, truth } = one
  const decide = isJoinedIn(one, settings) ? joining(conflict, settings, world) : plain(conflict, settings)
  const outcome = stamps ? decide(stamps) : withoutStamps(decide)
  if (outcome.kind !== 'settled') return outcome
  return {
    kind: 'settled',
    data: outcome.data,
    lost: changes.filter((change) => isLost(change, outcome)),
    isWrong: stamps !== null && truth !== null && differ(outcome, decide(truth)),
  }
}

/**
 * Whether a state has a part in it. Where a collection has states for some fields alone and neither side touched them, nor
 * deleted the record, the rest is decided as a document without them (CS4): the way through the engine's states takes ten times as long.
 */
export function isJoinedIn({ conflict, changes }: LabCase, settings: LabSettings): boolean {
  if (!isJoining(settings)) return false
  const { strategy, fieldStrategies } = settings
  if (strategy === 'crdt' || strategy === 'ot' || conflict.local === null || conflict.remote === null)
    return true
  const states = Object.keys(fieldStrategies).filter((at) =>
    ['crdt', 'ot'].includes(fieldStrategies[at] ?? ''),
  )
  return changes.some(({ place }) => states.some((at) => overlaps(place, at)))
}

const plain =
  (conflict: RecordedConflict, settings: LabSettings): Decide =>
  (stamps) => {
    const decision = decidePlain(conflict, settings, stamps)
    if (decision.kind === 'person') return { kind: 'person', fields: decision.fields }
    return { kind: 'settled', data: documentOf(decision, conflict), joined: NOWHERE }
  }
const NOWHERE: ReadonlySet<string> = new Set()

const joining =
  (conflict: RecordedConflict, settings: LabSettings, { rules, engines }: LabWorld): Decide =>
  (stamps) => {
    if (!conflict.baseKnown) return { kind: 'not_replayed' }
    const devices = { local: stamps.local.slice(STAMP_LENGTH), remote: stamps.remote.slice(STAMP_LENGTH) }
    return decideJoined(conflict, settings, { stamps, devices, rules, engines })
  }
/** Of a stamp's time and counter; the rest is who made it. */
const STAMP_LENGTH = '000000000000-0000-'.length

/** Stamps that nobody knows are no matter where each order of them comes out alike. */
function withoutStamps(decide: Decide): Outcome | { readonly kind: 'time_unknown' } {
  const [one, other] = [decide(LOCAL_LATER), decide(REMOTE_LATER)]
  return differ(one, other) ? { kind: 'time_unknown' } : one
}
const DEVICES = ['00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-00000000000c'] as const
const EARLY = '000000000001-0000-'
const LATE = '000000000002-0000-'
const LOCAL_LATER: LabStamps = { local: LATE + DEVICES[0], remote: EARLY + DEVICES[1], fields: undefined }
const REMOTE_LATER: LabStamps = { local: EARLY + DEVICES[0], remote: LATE + DEVICES[1], fields: undefined }

const differ = (one: Outcome, other: Outcome): boolean =>
  one.kind !== other.kind ||
  (one.kind === 'settled' && other.kind === 'settled' && !jsonEqual(one.data, other.data))

/** Then every comparison of the device's stamp with another comes out alike. */
const sameOrder = (stamps: LabStamps, truth: LabStamps): boolean =>
  [
    ['', stamps.remote, truth.remote] as const,
    ...Object.entries(stamps.fields ?? {}).map(
      ([place, hlc]) => [place, hlc, truth.fields?.[place] ?? hlc] as const,
    ),
  ].every(([, hlc, trueHlc]) => stamps.local > hlc === truth.local > trueHlc)

/** [LB3] What isn't there any more, and was not taken in by a state either. */
function isLost(
  { place, path, value }: Change,
  { data, joined }: Extract<Joined, { kind: 'settled' }>,
): boolean {
  for (const at of joined) if (isWithin(place, at)) return false
  const there = valueIn(data ?? undefined, path)
  // That there is an object is all that an empty one says.
  const isThere = isEmptyObject(value) && isJsonObject(there)
  return !isThere && !jsonEqual(there, value)
}

const isEmptyObject = (value: Json | undefined): boolean =>
  isJsonObject(value) && Object.keys(value).length === 0
