import { appendFileSync } from 'node:fs'
import { bundleSimulation, removeBundle } from '../simulation/bundle.ts'
import type { FailedSeed, Totals } from '../simulation/drive.ts'
import { addTotals, drive, noTotals } from '../simulation/drive.ts'
import { reportFailed, reportTotals } from '../simulation/report.ts'
import { readLines } from './ledger.ts'

/** Seeds between two lines of the ledger: half a minute's work, so that a kill loses little. */
const SLICE = 1_000
const PROCESSES = 2

/** One slice, as the ledger keeps it. */
interface Slice extends Omit<Totals, 'hits' | 'failed'> {
  readonly from: number
  readonly seconds: number
  readonly hits: Readonly<Record<string, number>>
  readonly failed: readonly FailedSeed[]
}

export interface SimulationSoak {
  readonly ledger: string
  /** Until so many seeds have run, those of the ledger included. */
  readonly seeds: number
  /** The first seed of an empty ledger; else it goes on behind the last one. */
  readonly from: number
  readonly endsAtMs: number
}

/** Runs seeds slice by slice until there are enough, the time is over, or one fails; false in that case. */
export async function soakSimulation({ ledger, seeds, from, endsAtMs }: SimulationSoak): Promise<boolean> {
  const bundle = await bundleSimulation()
  return soakSlices(bundle, { ledger, seeds, from, endsAtMs }).finally(() => removeBundle(bundle))
}

async function soakSlices(
  bundle: string,
  { ledger, seeds, from, endsAtMs }: SimulationSoak,
): Promise<boolean> {
  let done = seedsIn(ledger)
  let next = nextSeed(ledger, from)
  while (done < seeds && performance.now() < endsAtMs) {
    const count = Math.min(SLICE, seeds - done)
    console.log(`\n── simulation: seeds ${next} to ${next + count - 1}`)
    const startedMs = performance.now()
    const { hits, ...totals } = await drive({ bundle, from: next, seeds: count, processes: PROCESSES })
    const seconds = (performance.now() - startedMs) / 1_000
    const slice: Slice = { from: next, seconds, hits: Object.fromEntries(hits), ...totals }
    appendFileSync(ledger, `${JSON.stringify(slice)}\n`)
    if (totals.failed.length > 0) return false
    done += count
    next += count
  }
  return true
}

/** The totals of all slices, by fault, and what failed. */
export function reportSimulation(ledger: string, wanted: number): void {
  const totals = noTotals()
  const slices = readLines<Slice>(ledger)
  for (const slice of slices) addTotals(totals, slice)
  console.log(
    `\nsimulation, ${totals.seeds < wanted ? 'short of' : 'of'} ${wanted.toLocaleString('en')} seeds:`,
  )
  reportTotals(
    totals,
    slices.reduce((sum, { seconds }) => sum + seconds, 0),
    PROCESSES,
  )
  for (const failed of slices.flatMap((slice) => slice.failed)) reportFailed(failed)
}

const seedsIn = (ledger: string): number =>
  readLines<Slice>(ledger).reduce((sum, { seeds }) => sum + seeds, 0)

const nextSeed = (ledger: string, from: number): number =>
  readLines<Slice>(ledger).reduce((next, slice) => Math.max(next, slice.from + slice.seeds), from)
