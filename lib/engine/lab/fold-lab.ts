import { LAB_JOINED_MAX } from '#lib/protocol/limits.ts'
import { ColumnFold } from './fold-column.ts'
import { FieldsFold } from './fold-fields.ts'
import { waysOf } from './lab-columns.ts'
import type { LabReport, LabSettings } from './lab-report.ts'
import type { RecordedConflict } from './recorded-conflict.ts'
import { caseOf, type LabWorld } from './replay.ts'
import { isJoining } from './replay-joined.ts'

type Figures = Pick<LabReport, 'recorded' | 'replayed' | 'left' | 'columns' | 'fields' | 'fieldsTotal'>

/** Replays recorded conflicts of one collection one by one, newest first, and counts what became of them. Pure but for its counts. */
export class LabFold {
  private readonly current: ColumnFold
  private readonly others: readonly ColumnFold[]
  private readonly fields: FieldsFold
  private readonly clocksOffMs: number
  private recorded = 0
  private withoutRecord = 0

  /** @param clocksOffMs 0 as they were */
  constructor(world: LabWorld, proposed: LabSettings | null, clocksOffMs = 0) {
    const [current, ...others] = waysOf(world.rules, proposed)
    this.current = new ColumnFold(current, world, null)
    this.others = others.map(
      (way) => new ColumnFold(way, world, isJoining(way.settings) ? LAB_JOINED_MAX : null),
    )
    this.fields = new FieldsFold(world, clocksOffMs)
    this.clocksOffMs = clocksOffMs
  }

  add(conflict: RecordedConflict): void {
    this.recorded += 1
    // Whatever the strategy, a person is asked where an edit meets a record that is purged (CS9).
    if (conflict.remoteVersion === 0) {
      this.withoutRecord += 1
      return
    }
    const one = caseOf(conflict, this.clocksOffMs)
    const current = this.current.add(one, null)
    for (const other of this.others) other.add(one, current)
    this.fields.add(conflict)
  }

  figures(): Figures {
    const { recorded, withoutRecord: count } = this
    return {
      recorded,
      replayed: recorded - count,
      left: count === 0 ? [] : [{ why: 'no_record', count }],
      columns: [this.current, ...this.others].map((fold) => fold.column()),
      fields: this.fields.fields(),
      fieldsTotal: this.fields.total,
    }
  }
}
