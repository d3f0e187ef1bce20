import type { FailedSeed, Totals } from './drive.ts'

const number = (value: number): string => value.toLocaleString('en')

/** What ran, and how often each fault did harm. */
export function reportTotals(totals: Totals, seconds: number, processes: number): void {
  const { seeds, twice, faults, mutations, commits, hits, failed } = totals
  const rate = seconds === 0 ? 0 : seeds / seconds / processes
  console.log(
    `${number(seeds)} seeds (${number(twice)} of them twice) with ${number(faults)} planned faults, ` +
      `${number(mutations)} mutations in ${number(commits)} commits: ${number(failed.length)} failed. ` +
      `${seconds.toFixed(1)} s, ${rate.toFixed(1)} a second in each of ${processes} processes`,
  )
  for (const [kind, times] of [...hits].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`  ${number(times).padStart(11)}  ${kind}`)
}

/** A failing seed with what is left of its operations (docs/simulation.md says how to read it). */
export function reportFailed({ seed, violations, plan }: FailedSeed): void {
  console.log(`\nFAILED seed ${seed}: ${plan.devices} devices, ${plan.servers} servers`)
  for (const { invariant, text } of violations) console.log(`  ${invariant}  ${text}`)
  for (const operation of plan.operations) console.log(`    ${JSON.stringify(operation)}`)
  console.log(`  as a plan: ${JSON.stringify(plan)}`)
  console.log(`  npm run simulate -- --from ${seed} --seeds 1, or, kept in a file, --plan FILE --trace`)
}
