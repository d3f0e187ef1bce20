import { runLoud } from '../checks/checks.mjs'
import { readLines } from './ledger.ts'

/** Trials by name, most of real processes; each is a test that has many rounds here and few in npm test. */
const TRIALS = {
  'server-killed': 'tests/api/processes/server-killed.test.ts',
  'database-killed': 'tests/api/processes/database-killed.test.ts',
  'rolling-restarts': 'tests/api/processes/rolling-restarts.test.ts',
  'server-stopped': 'tests/api/processes/server-stopped.test.ts',
  'two-servers': 'tests/api/processes/two-servers.test.ts',
  repeats: 'tests/api/processes/repeats.test.ts',
  'faulty-network': 'tests/api/processes/faulty-network.test.ts',
  'one-way-partition': 'tests/api/processes/one-way-partition.test.ts',
  'disk-full': 'tests/api/processes/disk-full.test.ts',
  'clock-jumps': 'tests/api/processes/clock-jumps.test.ts',
  operations: 'tests/api/processes/operations-killed.test.ts',
  storm: 'tests/api/processes/storm.test.ts',
  breakers: 'tests/api/processes/breaker-overrides.test.ts',
  'breaker-storm': 'tests/api/processes/breaker-storm.test.ts',
  history: 'tests/api/telemetry/history-exact.test.ts',
} as const
type Trial = keyof typeof TRIALS
export const TRIAL_NAMES = Object.keys(TRIALS) as readonly Trial[]

/** As `tests/support/trials.ts` writes it. */
export interface TrialRun {
  readonly trial: string
  readonly wanted: number
  readonly done: number
  readonly figures: Readonly<Record<string, number>>
}

export interface TrialSoak {
  readonly ledger: string
  readonly names: readonly string[]
  /** Of `performance.now()`. */
  readonly endsAtMs: number
}

/** Runs trial after trial until the time is over or one fails; false in that case. */
export async function soakTrials({ ledger, names, endsAtMs }: TrialSoak): Promise<boolean> {
  for (const name of TRIAL_NAMES.filter((trial) => names.includes(trial) && !isThrough(ledger, trial))) {
    if (performance.now() >= endsAtMs) return true
    console.log(`\n── ${name}`)
    const projects = ['--project', 'database', '--project', 'processes']
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...projects, '--reporter=dot']
    const code = await runLoud([...vitest, TRIALS[name]], {
      TIDEMARK_SOAK_TRIALS: ledger,
      TIDEMARK_SOAK_TRIAL: name,
      TIDEMARK_SOAK_ENDS_AT: String(Date.now() + endsAtMs - performance.now()),
    })
    if (code !== 0) return false
  }
  return true
}

/** A trial that had all its rounds isn't run again by `--resume`. */
const isThrough = (ledger: string, name: string): boolean =>
  readLines<TrialRun>(ledger).some(({ trial, wanted, done }) => trial === name && done >= wanted)

/** The figures of each trial as a table of Markdown, ready for a note. */
export function tableOf(runs: readonly TrialRun[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const lines = runs.flatMap(({ trial, wanted, done, figures }) => {
    const rounds = done < wanted ? `${count(done)} of ${count(wanted)}` : count(done)
    const all = [['rounds', rounds], ...Object.entries(figures).map(([name, value]) => [name, count(value)])]
    return all.map(([name = '', value = ''], i) => row([i === 0 ? trial : '', name, value]))
  })
  return [row(['trial', 'figure', 'value']), '|---|---|---:|', ...lines].join('\n')
}

export function reportTrials(ledger: string): void {
  const runs = readLines<TrialRun>(ledger)
  if (runs.length > 0) console.log(`\n${tableOf(runs)}`)
}

const count = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 2 })
