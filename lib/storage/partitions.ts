import { assert } from '#lib/kernel/result.ts'
import { MERGED_TIERS, fullTierOf } from '#lib/rollups/bucket.ts'

/** How long rows are kept that leave with the partition of their period, ms. */
export interface Keep {
  readonly eventsMs: number
  readonly sessionsMs: number
  readonly minutesMs: number
  readonly hoursMs: number
}

type Period = 'day' | 'month'
export interface CutTable {
  readonly name: string
  /** Calendar periods, UTC. */
  readonly period: Period
  readonly kept: keyof Keep
}

/** The tables that are cut by time; the migration names the same. */
export const CUT_TABLES: readonly CutTable[] = [
  { name: 'telemetry_event', period: 'day', kept: 'eventsMs' },
  { name: 'sync_session', period: 'day', kept: 'sessionsMs' },
  { name: 'rollup_minute', period: 'day', kept: 'minutesMs' },
  { name: 'rollup_hour', period: 'month', kept: 'hoursMs' },
  // Of merged buckets a month is few.
  ...MERGED_TIERS.map((tier): CutTable => ({
    name: `rollup_${tier}`,
    period: 'month',
    kept: fullTierOf(tier) === 'hour' ? 'hoursMs' : 'minutesMs',
  })),
]

/** A partition: rows of `table` from `startMs` up to `endMs`. */
export interface Partition {
  readonly table: CutTable
  readonly name: string
  readonly startMs: number
  readonly endMs: number
}

/** The partition that a time belongs to, there or not. */
export function partitionAt(table: CutTable, atMs: number): Partition {
  const date = new Date(atMs)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const byDay = table.period === 'day'
  const day = byDay ? date.getUTCDate() : 1
  const startMs = Date.UTC(year, month, day)
  const endMs = byDay ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1)
  const digits = new Date(startMs).toISOString().slice(0, byDay ? 10 : 7)
  return { table, name: `${table.name}_${digits.replaceAll('-', '')}`, startMs, endMs }
}

/** Of its name. */
export function partitionNamed(name: string): Partition {
  const [, parent, year, month, day] = /^(.*)_(\d{4})(\d{2})(\d{2})?$/.exec(name) ?? []
  const table = CUT_TABLES.find((cut) => cut.name === parent)
  assert(table, `${name} is a partition of a table that is cut by time`)
  return partitionAt(table, Date.UTC(Number(year), Number(month) - 1, Number(day ?? 1)))
}

/** Every partition that has a moment of [fromMs, toMs]. */
export function partitionsIn(fromMs: number, toMs: number): readonly Partition[] {
  return CUT_TABLES.flatMap((table) => {
    const all: Partition[] = []
    for (let atMs = fromMs; atMs <= toMs; atMs = all.at(-1)?.endMs ?? Infinity)
      all.push(partitionAt(table, atMs))
    return all
  })
}

/** Whether nothing of it is to be kept any more. */
export const isPast = ({ table, endMs }: Partition, nowMs: number, keep: Keep): boolean =>
  endMs <= nowMs - keep[table.kept]
