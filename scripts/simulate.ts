import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { MOMENT_KINDS, WINDOW_KINDS } from '../tests/simulation/world/plan.ts'
import { bundleSimulation } from './simulation/bundle.ts'
import { drive } from './simulation/drive.ts'
import { reportFailed, reportTotals } from './simulation/report.ts'

const USAGE = 'npm run simulate -- [--seeds 1000] [--from 1] [--processes N]'
const FAILED_SHOWN_MAX = 5
const ALL_FAULTS_FROM = 1_000
const FAULT_KINDS = [...WINDOW_KINDS, ...MOMENT_KINDS]

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    processes: { type: 'string', default: String(Math.min(2, availableParallelism())) },
  },
})
const [seeds, from, processes] = [values.seeds, values.from, values.processes].map(Number) as [
  number,
  number,
  number,
]
if (![seeds, from, processes].every((n) => Number.isSafeInteger(n) && n > 0)) {
  console.error(`All are whole numbers above 0.\n\n${USAGE}`)
  process.exit(2)
}
const bundle = await bundleSimulation()
const startedMs = performance.now()
const totals = await drive({ bundle, from, seeds, processes })
reportTotals(totals, (performance.now() - startedMs) / 1_000, processes)
for (const { seed } of totals.failed.slice(0, FAILED_SHOWN_MAX)) {
  const small = await drive({ bundle, from: seed, seeds: 1, processes: 1, shrink: true })
  for (const failed of small.failed) reportFailed(failed)
}
// In so many runs every fault does harm, or the plan only says that it would.
const idle = seeds < ALL_FAULTS_FROM ? [] : FAULT_KINDS.filter((kind) => !totals.hits.has(kind))
if (idle.length > 0) console.log(`\nNEVER HAPPENED: ${idle.join(', ')}`)
process.exit(totals.failed.length + idle.length === 0 ? 0 : 1)
