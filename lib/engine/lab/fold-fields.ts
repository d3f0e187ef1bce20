import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { valueAt } from '#lib/kernel/json-pointer.ts'
import type { StrategyName } from '#lib/protocol/device.ts'
import { LAB_FIELDS_COUNTED_MAX, LAB_FIELDS_MAX } from '#lib/protocol/limits.ts'
import { kindFor } from '../crdt/kind-for.ts'
import { stampAt } from '../conflict/field-stamps.ts'
import { FIELD_WAYS } from './lab-columns.ts'
import type { FieldStamps } from '../types.ts'
import type { LabField, LabSettings } from './lab-report.ts'
import type { RecordedConflict } from './recorded-conflict.ts'
import { replay, type LabWorld } from './replay.ts'
import { decidePlain } from './replay-plain.ts'

interface FieldCount {
  contested: number
  readonly strategies: {
    readonly strategy: StrategyName
    lostUpdates: number
    manual: number
    wrongWinners: number
    timeUnknown: number
  }[]
}

/** Counts of single fields that both sides changed: what each strategy would make of the field alone. */
export class FieldsFold {
  private readonly world: LabWorld
  private readonly counts = new Map<string, FieldCount>()

  constructor(world: LabWorld) {
    this.world = { ...world, rules: { ...world.rules, schema: {}, accepts: null } }
  }

  add(conflict: RecordedConflict): void {
    if (!conflict.baseKnown) return
    for (const place of contestedBy(conflict)) {
      const count = this.counts.get(place) ?? this.begin(place)
      if (!count) continue
      count.contested += 1
      const alone = fieldAlone(conflict, place)
      for (const each of count.strategies) this.count(alone, each)
    }
  }

  private begin(place: string): FieldCount | null {
    if (this.counts.size >= LAB_FIELDS_COUNTED_MAX) return null
    const strategies = FIELD_WAYS.map((strategy) => ({
      strategy,
      lostUpdates: 0,
      manual: 0,
      wrongWinners: 0,
      timeUnknown: 0,
    }))
    const count = { contested: 0, strategies }
    this.counts.set(place, count)
    return count
  }

  private count(alone: RecordedConflict, each: FieldCount['strategies'][number]): void {
    if (each.strategy === 'crdt' && isJoinedByState(alone)) return
    // A register of a CRDT keeps the value of the newest stamp.
    const strategy = each.strategy === 'crdt' ? 'lww' : each.strategy
    const replayed = replay(alone, fieldSettings(strategy), this.world)
    if (replayed.kind === 'person') each.manual += 1
    else if (replayed.kind === 'time_unknown') each.timeUnknown += 1
    else if (replayed.kind === 'settled') {
      each.lostUpdates += replayed.lost.length
      if (replayed.isWrong === true) each.wrongWinners += 1
    }
  }

  fields(): readonly LabField[] {
    return [...this.counts]
      .map(([place, count]) => ({ place, ...count }))
      .sort((a, b) => b.contested - a.contested || (a.place < b.place ? -1 : 1))
      .slice(0, LAB_FIELDS_MAX)
  }

  get total(): number {
    return this.counts.size
  }
}

const FIELD = 'field'
const fieldSettings = (strategy: StrategyName): LabSettings => ({
  strategy: 'field-merge',
  tieRule: 'lww',
  fieldStrategies: { [`/${FIELD}`]: strategy },
})

/** Both sides have there what counts or is a set by its state. */
const isJoinedByState = ({ local, remote }: RecordedConflict): boolean =>
  [local, remote].every(
    (side) => kindFor(fieldSettings('crdt'), `/${FIELD}`, side?.[FIELD]) !== 'lww-register',
  )

const BY_FIELD: LabSettings = { strategy: 'field-merge', tieRule: 'lww', fieldStrategies: {} }
const NO_STAMPS = { local: '', remote: '', fields: undefined }

/** Places that both sides changed, each its own way. */
function contestedBy(conflict: RecordedConflict): readonly string[] {
  const decision = decidePlain(conflict, BY_FIELD, NO_STAMPS)
  return decision.kind === 'same' ? [] : decision.fields
}

/** The conflict as if the record had nothing but that field; over the whole record it stays as it is. */
function fieldAlone(conflict: RecordedConflict, place: string): RecordedConflict {
  if (place === '') return conflict
  const { base, local, remote, remoteSide, remoteStamps } = conflict
  const stamps = remoteSide && remoteStamps && fieldStamps(remoteSide.hlc, remoteStamps, place)
  return {
    ...conflict,
    base: holding(valueAt(base, place)),
    local: holding(valueAt(local, place)),
    remote: holding(valueAt(remote, place)),
    remoteStamps: stamps,
  }
}

const fieldStamps = (hlc: string, stamps: FieldStamps, place: string): FieldStamps => ({
  '': hlc,
  [`/${FIELD}`]: stampAt({ hlc, stamps }, place),
})

const holding = (value: Json | undefined): JsonObject => (value === undefined ? {} : { [FIELD]: value })
