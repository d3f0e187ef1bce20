import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runLoud } from './checks/checks.mjs'
import type { LawRun } from './soak/ledger.ts'
import { casesByLaw, casesOf, readLedger } from './soak/ledger.ts'
import type { Group } from './soak/options.ts'
import { USAGE, groupOf, readOptions, shareEnd } from './soak/options.ts'
import { reportSimulation, soakSimulation } from './soak/simulation.ts'
import { reportTrials, soakTrials } from './soak/trials.ts'

const options = readOptions(process.argv.slice(2), Date.now())
if (typeof options === 'string') {
  console.error(`${options}\n\n${USAGE}`)
  process.exit(2)
}

/** A round is about a minute's work, so that `--minutes` is kept and a kill loses little. */
const ROUND_MS = 60_000
const FACTOR_FIRST = 10
const FACTOR_MAX = 100_000

const folder = process.env['TIDEMARK_DATA_DIR'] ?? '.tidemark'
const ledger = join(folder, 'soak.ndjson')
const simulationLedger = join(folder, 'soak-simulation.ndjson')
const trialLedger = resolve(folder, 'soak-trials.ndjson')
mkdirSync(folder, { recursive: true })
if (!options.resume) for (const file of [ledger, simulationLedger, trialLedger]) rmSync(file, { force: true })

const endsAtMs = performance.now() + options.minutes * 60_000
const laws = readdirSync('tests/property', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `tests/property/${name}`)
const runsOf = (group: Group): readonly LawRun[] =>
  readLedger(ledger).filter(({ file }) => groupOf(file) === group)
const casesSoFar = (group: Group): number => casesOf(runsOf(group))
let broken = false
let seed = options.seed

const { simulated, trials } = options
/** What has not begun, groups of laws and what comes behind them: each gets its share of the time that is left. */
let waiting = options.groups.length + (simulated > 0 ? 1 : 0) + (trials.length > 0 ? 1 : 0)
const nextEndsAtMs = (): number => shareEnd(performance.now(), endsAtMs, waiting--)

for (const group of options.groups) {
  const groupEndsAtMs = nextEndsAtMs()
  const files = laws.filter((file) => groupOf(file) === group)
  let factor = FACTOR_FIRST
  while (
    !broken &&
    files.length > 0 &&
    casesSoFar(group) < options.cases &&
    performance.now() < groupEndsAtMs
  ) {
    const startedMs = performance.now()
    const before = casesSoFar(group)
    console.log(`\n── ${group}: seed ${seed}, ${factor} times the cases of npm test`)
    broken = (await round(files, factor, seed)) !== 0
    seed += 1
    const tookMs = performance.now() - startedMs
    const done = casesSoFar(group) - before
    if (done === 0) broken = true
    const wanted = (options.cases - before - done) / Math.max(1, done / factor)
    const affordable = factor * (ROUND_MS / tookMs)
    factor = Math.max(1, Math.min(FACTOR_MAX, Math.ceil(wanted), Math.floor(affordable)))
  }
}
if (simulated > 0 && !broken) {
  const from = Math.abs(options.seed) + 1
  const soak = { ledger: simulationLedger, seeds: simulated, from, endsAtMs: nextEndsAtMs() }
  broken = !(await soakSimulation(soak))
}
if (trials.length > 0 && !broken)
  broken = !(await soakTrials({ ledger: trialLedger, names: trials, endsAtMs }))
report(options.groups, options.cases)
if (simulated > 0) reportSimulation(simulationLedger, simulated)
if (trials.length > 0) reportTrials(trialLedger)
process.exit(broken ? 1 : 0)

/** One run of the laws in these files; its exit code. */
function round(files: readonly string[], factor: number, roundSeed: number): Promise<number> {
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'pure', '--reporter=dot']
  return runLoud([...args, '--testTimeout=3600000', ...files], {
    TIDEMARK_CASES: String(factor),
    TIDEMARK_SOAK_LEDGER: ledger,
    TIDEMARK_SOAK_SEED: String(roundSeed | 0),
  })
}

function report(groups: readonly Group[], wanted: number): void {
  for (const group of groups) {
    const own = runsOf(group)
    const total = casesOf(own)
    const short = total < wanted ? `, short of ${wanted.toLocaleString('en')}: go on with --resume` : ''
    console.log(`\n${group}: ${total.toLocaleString('en')} cases${short}`)
    for (const [law, cases] of casesByLaw(own)) console.log(`  ${String(cases).padStart(11)}  ${law}`)
  }
  for (const { law, file, seed: at, path } of readLedger(ledger).filter((run) => run.failed))
    console.log(`\nFAILED ${law}\n  ${file}, seed ${at}, path ${path}`)
}
