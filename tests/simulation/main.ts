import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { planOf } from './run/generate.ts'
import { runPlan } from './run/run-plan.ts'
import type { Verdict } from './run/run-plan.ts'
import { shrink } from './run/shrink.ts'
import { setUpFleet } from './world/fleet.ts'
import { useLightMessages } from './world/light-messages.ts'
import type { Plan } from './world/plan.ts'
import { isFault } from './world/plan.ts'
import { preloadParts } from '#tests/support/preload-parts.ts'
import { sealProcess } from './world/seal.ts'
import { turnAround } from './world/virtual-time.ts'

/**
 * One process of a simulation; what it finds goes out as lines of JSON. `--from S --seeds N` runs these seeds, one in
 * 20 twice; `--plan FILE`, as often as there are some, runs kept plans; with `--shrink` a plan that fails is made small; `--trace` tells all of it.
 */
const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    plan: { type: 'string', multiple: true },
    shrink: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    'stop-at-first': { type: 'boolean', default: false },
  },
})

const TWICE_EVERY = 20
const TOLD_EVERY = 100

const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

sealProcess()
useLightMessages()
await preloadParts()
const fleet = await setUpFleet()
const sum = { seeds: 0, twice: 0, faults: 0, mutations: 0, commits: 0 }
let hits: Record<string, number> = {}

function flush(): void {
  tell({ kind: 'sum', ...sum, hits })
  Object.assign(sum, { seeds: 0, twice: 0, faults: 0, mutations: 0, commits: 0 })
  hits = {}
}

function count(plan: Plan, verdict: Verdict): void {
  sum.seeds += 1
  sum.faults += plan.operations.filter(isFault).length
  sum.mutations += verdict.mutations
  sum.commits += verdict.commits
  for (const [kind, times] of verdict.hits) hits[kind] = (hits[kind] ?? 0) + times
  if (sum.seeds === TOLD_EVERY) flush()
}

/** What was thrown where nobody waits for it: a defect of the code, and no reason to end without naming the seed. */
let thrown: string[] = []
process.on('unhandledRejection', (reason) => {
  thrown.push(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason))
})

async function run(plan: Plan): Promise<Verdict> {
  const verdict = await runPlan(plan, fleet)
  await turnAround()
  const violations = [...verdict.violations, ...thrown.map((text) => ({ invariant: 'T' as const, text }))]
  thrown = []
  return { ...verdict, violations }
}

/** The verdict of a plan; a second run that differs is a violation too. */
async function judge(plan: Plan, twice: boolean): Promise<Verdict> {
  const verdict = await run(plan)
  if (!twice) return verdict
  sum.twice += 1
  const again = await run(plan)
  if (again.traceHash === verdict.traceHash) return verdict
  const at = verdict.trace.findIndex((line, i) => line !== again.trace[i])
  const text = `the second run differs: ${verdict.trace[at]} and ${again.trace[at]}`
  return { ...verdict, violations: [...verdict.violations, { invariant: 'T', text }] }
}

async function play(plan: Plan, twice: boolean): Promise<boolean> {
  const verdict = await judge(plan, twice)
  count(plan, verdict)
  if (values.trace) for (const line of verdict.trace) tell({ kind: 'trace', line })
  const { violations } = verdict
  if (violations.length === 0) return true
  tell({
    kind: 'failed',
    seed: plan.seed,
    ...(values.shrink ? await smallest(plan, verdict) : { plan, violations }),
  })
  return false
}

/** As few operations as break what was broken; all of them where one run alone doesn't show it. */
async function smallest(plan: Plan, verdict: Verdict): Promise<Pick<Verdict, 'violations'> & { plan: Plan }> {
  const small = await shrink(plan, verdict, fleet)
  const { violations } = await run(small)
  return violations.length > 0 ? { plan: small, violations } : { plan, violations: verdict.violations }
}

if (values.plan === undefined) {
  const from = Number(values.from)
  for (let seed = from; seed < from + Number(values.seeds); seed++) {
    const isGood = await play(planOf(seed), seed % TWICE_EVERY === 0)
    if (!isGood && values['stop-at-first']) break
  }
} else for (const file of values.plan) await play(JSON.parse(readFileSync(file, 'utf8')) as Plan, true)
flush()
