import { parseArgs } from 'node:util'
import { planOf } from './run/generate.ts'
import { runPlan } from './run/run-plan.ts'
import { setUpFleet } from './world/fleet.ts'
import { sealProcess } from './world/seal.ts'
import { useLightMessages } from './world/light-messages.ts'

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '10' }, from: { type: 'string', default: '1' }, kinds: { type: 'string' }, trace: { type: 'boolean' } } })
const now = performance.now.bind(performance)
sealProcess()
useLightMessages()
const fleet = await setUpFleet()
const started = now()
let failed = 0
const n = Number(values.seeds), from = Number(values.from)
let mutations = 0
const total = {m:0,e:0}
const hits = new Map<string, number>()
const leaks = new Map<string, number>()
for (let seed = from; seed < from + n; seed++) {
  const plan = planOf(seed, values.kinds?.split(',') as never)
  const verdict = await runPlan(plan, fleet)
  mutations += verdict.mutations
  total.m += verdict.trace.filter(l => / #\d+ d\d/.test(l)).length; total.e += verdict.elapsedMs
  for (const [k, v] of verdict.hits) hits.set(k, (hits.get(k) ?? 0) + v)
  for (const [k, v] of verdict.leaks) leaks.set(k, (leaks.get(k) ?? 0) + v)
  if (verdict.violations.length > 0) {
    failed++
    console.log(`seed ${seed}`, verdict.violations.slice(0,3).map(v => `${v.invariant} ${v.text}`).join('\n   '))
  }
  if (values.trace) console.log(verdict.trace.map(l => l.slice(0, 600)).join('\n'))
}
const s = (now() - started) / 1000
console.log({ cpuMsPerRun: (process.cpuUsage().user/1000)/n, msgs: total.m/n, elapsed: total.e/n, n, failed, mutations, seconds: s, perSecond: n / s, hits, leaks })
