import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { MOMENT_KINDS, WINDOW_KINDS } from '../tests/simulation/world/plan.ts'
import { TEXT_JUDGED, TEXT_TOLD_SINCE } from '../tests/simulation/world/windows.ts'
import { bundleSimulation, removeBundle } from './simulation/bundle.ts'
import { drive, drivePlans } from './simulation/drive.ts'
import { reportFailed, reportTotals } from './simulation/report.ts'

const USAGE = `npm run simulate -- [--seeds 1000] [--from 1] [--processes N]
npm run simulate -- --plan FILE [--trace]`
const FAILED_SHOWN_MAX = 5
const ALL_FAULTS_FROM = 1_000
const FAULT_KINDS = [...WINDOW_KINDS, ...MOMENT_KINDS]

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    processes: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    plan: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
})
const [seeds, from, processes] = [values.seeds, values.from, values.processes].map(Number) as [
  number,
  number,
  number,
]
if (![seeds, from, processes].every((n) => Number.isSafeInteger(n) && n > 0))
  fail('All are whole numbers above 0.')
if (values.trace && values.plan === undefined) fail('`--trace` tells the run of a `--plan`.')
const bundle = await bundleSimulation()
try {
  process.exitCode = (await (values.plan === undefined ? runSeeds() : runOne(values.plan))) ? 0 : 1
} finally {
  removeBundle(bundle)
}

function fail(what: string): never {
  console.error(`${what}\n\n${USAGE}`)
  process.exit(2)
}

async function runSeeds(): Promise<boolean> {
  const startedMs = performance.now()
  const totals = await drive({ bundle, from, seeds, processes })
  reportTotals(totals, (performance.now() - startedMs) / 1_000, processes)
  for (const { seed } of totals.failed.slice(0, FAILED_SHOWN_MAX)) {
    const small = await drive({ bundle, from: seed, seeds: 1, processes: 1, shrink: true })
    for (const failed of small.failed) reportFailed(failed)
  }
  // In so many runs every fault does harm, or the plan only says that it would; and some texts are judged.
  const kinds = [...FAULT_KINDS, TEXT_JUDGED, TEXT_TOLD_SINCE]
  const idle = seeds < ALL_FAULTS_FROM ? [] : kinds.filter((kind) => !totals.hits.has(kind))
  if (idle.length > 0) console.log(`\nNEVER HAPPENED: ${idle.join(', ')}`)
  return totals.failed.length + idle.length === 0
}

/** A kept plan, with every message of it if that was asked for. */
async function runOne(file: string): Promise<boolean> {
  const totals = await drivePlans(bundle, [file], values.trace ? (line) => console.log(line) : null)
  for (const failed of totals.failed) reportFailed(failed)
  if (totals.failed.length === 0) console.log('All invariants hold.')
  return totals.failed.length === 0
}
