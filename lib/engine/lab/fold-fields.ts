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
import { caseOf, replay, type LabCase, type LabWorld } from './replay.ts'
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
  private readonly clocksOffMs: number
  private readonly counts = new Map<string, FieldCount>()

  constructor(world: LabWorld, clocksOffMs: number) {
    this.clocksOffMs = clocksOffMs
    this.world = { ...world, rules: { ...world.rules, schema: {}, accepts: null } }
  }

  add(conflict: RecordedConflict): void {
    if (!conflict.baseKnown) return
    for (const place of contestedBy(conflict)) {
      const count = this.counts.get(place) ?? this.begin(place)
      if (!count) continue
      count.contested += 1
      const alone = caseOf(fieldAlone(conflict, place), this.clocksOffMs)
      for (const each of count.strategies) this.count(alone, place, each)
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

  private count(alone: LabCase, place: string, each: FieldCount['strategies'][number]): void {
    const settings =
      place === '' ? wholeSettings(each.strategy) : fieldSettings(each.strategy, alone.conflict)
    if (settings === null) return
    const replayed = replay(alone, settings, this.world)
    if (replayed.kind === 'person') each.manual += 1
    else if (replayed.kind === 'time_unknown') each.timeUnknown += 1
    else if (replayed.kind === 'settled') {
      each.lostUpdates += replayed.lost.length
      if (replayed.isWrong) each.wrongWinners += 1
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
const ofField = (strategy: StrategyName): LabSettings => ({
  strategy: 'field-merge',
  tieRule: 'lww',
  fieldStrategies: { [`/${FIELD}`]: strategy },
})
/** Where one side deleted the record the whole of it is contested. */
const wholeSettings = (strategy: StrategyName): LabSettings => ({
  strategy,
  tieRule: 'lww',
  fieldStrategies: {},
})

/** Null where both sides have there what counts or is a set by its state: that keeps what both did. */
function fieldSettings(strategy: StrategyName, { local, remote }: RecordedConflict): LabSettings | null {
  if (strategy !== 'crdt') return ofField(strategy)
  const isKept = [local, remote].every(
    (side) => kindFor(ofField('crdt'), `/${FIELD}`, side?.[FIELD]) !== 'lww-register',
  )
  // A register of a CRDT keeps the value of the newest stamp.
  return isKept ? null : ofField('lww')
}

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
