import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import { LAB_EXAMPLES_MAX, LAB_PLACES_MAX } from '#lib/protocol/limits.ts'
import { findViolation } from '../business-rules.ts'
import { validateDocument } from '../validate.ts'
import type { LabWay } from './lab-columns.ts'
import type { LabColumn, LabCounts, LabExample, LabFinding, LabOutcome } from './lab-report.ts'
import { LAB_FINDINGS } from './lab-report.ts'
import type { RecordedConflict } from './recorded-conflict.ts'
import { replay, type LabCase, type LabWorld, type Replayed } from './replay.ts'

type Counting = { -readonly [K in keyof LabCounts]: number }

/** Counts of one way to settle, as conflicts are added one by one, newest first. */
export class ColumnFold {
  private readonly way: LabWay
  private readonly world: LabWorld
  private readonly newest: number | null
  private readonly counts: Counting = {
    conflicts: 0,
    changes: 0,
    lostUpdates: 0,
    silentOverwrites: 0,
    manual: 0,
    wrongWinners: 0,
    brokenRules: 0,
    timeUnknown: 0,
    notReplayed: 0,
  }
  private readonly examples = Object.fromEntries(
    LAB_FINDINGS.map((finding) => [finding, [] as LabExample[]]),
  ) as Record<LabFinding, LabExample[]>
  private differing = 0
  private added = 0
  private readonly differingExamples: LabExample[] = []

  /** @param newest how many it replays; null for all */
  constructor(way: LabWay, world: LabWorld, newest: number | null) {
    this.way = way
    this.world = world
    this.newest = newest
  }

  /** @param current what the collection's own settings made of it; null while that is what is added */
  add(one: LabCase, current: Replayed | null): Replayed | null {
    this.added += 1
    if (this.newest !== null && this.added > this.newest) return null
    const { conflict } = one
    const replayed = replay(one, this.way.settings, this.world)
    this.count(one, replayed)
    if (current && isKnown(current) && isKnown(replayed) && comesOutOtherwise(current, replayed)) {
      this.differing += 1
      keep(this.differingExamples, conflict, replayed)
    }
    return replayed
  }

  private count({ conflict, changes }: LabCase, replayed: Replayed): void {
    const { counts } = this
    if (!isKnown(replayed))
      return void (counts[replayed.kind === 'time_unknown' ? 'timeUnknown' : 'notReplayed'] += 1)
    counts.conflicts += 1
    counts.changes += changes.length
    if (replayed.kind === 'person') {
      counts.manual += 1
      return this.show('manual', conflict, replayed)
    }
    if (replayed.kind === 'settled') this.countSettled(conflict, replayed)
    if (replayed.kind === 'unfit' || isRefused(this.world, conflict, replayed.data)) {
      counts.brokenRules += 1
      this.show('broken_rule', conflict, replayed)
    }
  }

  private countSettled(conflict: RecordedConflict, replayed: Extract<Replayed, { kind: 'settled' }>): void {
    const { counts } = this
    counts.lostUpdates += replayed.lost.length
    if (replayed.lost.length > 0) {
      counts.silentOverwrites += 1
      this.show('lost_update', conflict, replayed)
    }
    if (replayed.isWrong) {
      counts.wrongWinners += 1
      this.show('wrong_winner', conflict, replayed)
    }
  }

  private show(finding: LabFinding, conflict: RecordedConflict, replayed: Known): void {
    keep(this.examples[finding], conflict, replayed)
  }

  column(): LabColumn {
    return {
      id: this.way.id,
      settings: this.way.settings,
      counts: { ...this.counts },
      newestAlone: this.newest !== null && this.added > this.newest ? this.newest : null,
      examples: this.examples,
      differs: { conflicts: this.differing, examples: this.differingExamples },
    }
  }
}

const keep = (examples: LabExample[], conflict: RecordedConflict, replayed: Known): void => {
  if (examples.length < LAB_EXAMPLES_MAX) examples.push(exampleOf(conflict, replayed))
}

/** What came of one that could be replayed: nothing is known of the others, and so not that they differ either. */
type Known = Extract<Replayed, { kind: LabOutcome }>
const isKnown = (replayed: Replayed): replayed is Known =>
  replayed.kind !== 'time_unknown' && replayed.kind !== 'not_replayed'

const exampleOf = ({ id, recordId }: RecordedConflict, replayed: Known): LabExample => ({
  conflictId: id,
  recordId,
  places: placesOf(replayed).slice(0, LAB_PLACES_MAX),
  side: sideOf(replayed),
  comesTo: replayed.kind,
})

function placesOf(replayed: Replayed): readonly string[] {
  if (replayed.kind === 'person') return replayed.fields
  return replayed.kind === 'settled' ? [...new Set(replayed.lost.map(({ place }) => place))] : []
}

function sideOf(replayed: Replayed): LabExample['side'] {
  if (replayed.kind !== 'settled') return null
  const [first, ...others] = new Set(replayed.lost.map(({ side }) => side))
  return first !== undefined && others.length === 0 ? first : null
}

function comesOutOtherwise(one: Known, other: Known): boolean {
  if (one.kind !== other.kind) return true
  return one.kind === 'settled' && other.kind === 'settled' && !jsonEqual(one.data, other.data)
}

/** [LB5] Of what is there already nothing is written, and nothing is asked. */
function isRefused(
  { rules }: LabWorld,
  { remote, localSide }: RecordedConflict,
  data: JsonObject | null,
): boolean {
  if (jsonEqual(data, remote)) return false
  if (data !== null && !(rules.accepts?.(data) === true) && !validateDocument(rules, data).ok) return true
  if (rules.rules.length === 0) return false
  const device = { id: localSide?.deviceId ?? '', platform: 'other', appVersion: '' } as const
  return findViolation(rules.rules, { old: remote, new: data, device }) !== null
}
