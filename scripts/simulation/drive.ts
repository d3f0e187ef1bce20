import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Plan } from '../../tests/simulation/world/plan.ts'
import type { Violation } from '../../tests/simulation/oracle/violation.ts'

export interface FailedSeed {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly plan: Plan
}

export interface Totals {
  seeds: number
  /** Of them, run a second time to an equal trace. */
  twice: number
  faults: number
  mutations: number
  commits: number
  /** How often each fault did harm. */
  readonly hits: Map<string, number>
  readonly failed: FailedSeed[]
}

export interface Drive {
  readonly bundle: string
  readonly from: number
  readonly seeds: number
  readonly processes: number
  readonly shrink?: boolean
  readonly stopAtFirst?: boolean
  /** Called as seeds are done. */
  readonly onProgress?: (totals: Totals) => void
}

/** Seeds that one process takes at a time: its first hundred take twice as long as later ones, until its code is compiled. */
const SLICE_MAX = 5_000
/**
 * A process tells of every hundred seeds, some seconds' work that takes minutes where others are served first: one that
 * says nothing for so long goes round in circles within one turn of its virtual time.
 */
const SILENCE_MAX_MS = 15 * 60_000

/** A run's objects die with it: most do so before they have to be moved. */
const YOUNG_MEMORY = '--max-semi-space-size=32'

export const noTotals = (): Totals => ({
  seeds: 0,
  twice: 0,
  faults: 0,
  mutations: 0,
  commits: 0,
  hits: new Map(),
  failed: [],
})

/** Runs seeds in processes of their own and adds up what they tell. */
export async function drive(options: Drive): Promise<Totals> {
  const { bundle, from, seeds, processes, shrink = false, stopAtFirst = false, onProgress } = options
  const totals = noTotals()
  const end = from + seeds
  const slice = Math.min(SLICE_MAX, Math.ceil(seeds / processes))
  let next = from
  const worker = async (): Promise<void> => {
    while (next < end && !(stopAtFirst && totals.failed.length > 0)) {
      const first = next
      next = Math.min(end, next + slice)
      const flags = [...(shrink ? ['--shrink'] : []), ...(stopAtFirst ? ['--stop-at-first'] : [])]
      await runProcess(
        bundle,
        ['--from', String(first), '--seeds', String(next - first), ...flags],
        (line) => {
          add(totals, line)
          onProgress?.(totals)
        },
      )
    }
  }
  await Promise.all(Array.from({ length: processes }, worker))
  return totals
}

/** Runs kept plans, each twice. `onTrace` hears every message of the first runs, with its virtual time. */
export async function drivePlans(
  bundle: string,
  files: readonly string[],
  onTrace: ((line: string) => void) | null = null,
): Promise<Totals> {
  const totals = noTotals()
  const named = files.flatMap((file) => ['--plan', file])
  await runProcess(bundle, [...named, ...(onTrace ? ['--trace'] : [])], (line) => {
    if (line.kind === 'trace') onTrace?.(line.line)
    add(totals, line)
  })
  return totals
}

type Line =
  | { readonly kind: 'trace'; readonly line: string }
  | ({ readonly kind: 'failed' } & FailedSeed)
  | ({ readonly kind: 'sum'; readonly hits: Readonly<Record<string, number>> } & Omit<
      Totals,
      'hits' | 'failed'
    >)

function add(totals: Totals, line: Line): void {
  if (line.kind === 'trace') return
  if (line.kind === 'failed') totals.failed.push(line)
  else addTotals(totals, { ...line, failed: [] })
}

/** Adds what another run, or a part of one, came to. */
export function addTotals(
  totals: Totals,
  part: Omit<Totals, 'hits' | 'failed'> & {
    readonly hits: Readonly<Record<string, number>>
    readonly failed: readonly FailedSeed[]
  },
): void {
  for (const key of ['seeds', 'twice', 'faults', 'mutations', 'commits'] as const) totals[key] += part[key]
  for (const [kind, times] of Object.entries(part.hits))
    totals.hits.set(kind, (totals.hits.get(kind) ?? 0) + times)
  totals.failed.push(...part.failed)
}

/** @throws Error when the process breaks off */
async function runProcess(
  bundle: string,
  args: readonly string[],
  onLine: (line: Line) => void,
): Promise<void> {
  const child = spawn(process.execPath, ['--enable-source-maps', YOUNG_MEMORY, bundle, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const watch = setTimeout(() => child.kill('SIGKILL'), SILENCE_MAX_MS)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  try {
    for await (const text of createInterface({ input: child.stdout })) {
      watch.refresh()
      onLine(JSON.parse(text) as Line)
    }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  } finally {
    clearTimeout(watch)
  }
  const code = await ended
  if (code !== 0) throw new Error(`a simulation process ended with ${code}: ${args.join(' ')}`)
}
