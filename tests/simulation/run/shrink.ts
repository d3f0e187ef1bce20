import type { SetUpFleet } from '../world/fleet.ts'
import type { Operation, Plan } from '../world/plan.ts'
import { runPlan } from './run-plan.ts'
import type { Verdict } from './run-plan.ts'

const RUNS_MAX = 400

/** The plan with as few operations as still break the same invariant: halves are left out, then quarters, then single ones. */
export async function shrink(plan: Plan, failed: Verdict, fleet: SetUpFleet): Promise<Plan> {
  const broken = new Set(failed.violations.map(({ invariant }) => invariant))
  let runs = 0
  const fails = async (operations: readonly Operation[]): Promise<boolean> => {
    runs += 1
    const { violations } = await runPlan({ ...plan, operations }, fleet)
    return violations.some(({ invariant }) => broken.has(invariant))
  }
  let kept = plan.operations
  for (let size = Math.ceil(kept.length / 2); size >= 1 && runs < RUNS_MAX;) {
    const before = kept.length
    for (let at = 0; at < kept.length && runs < RUNS_MAX;) {
      const without = [...kept.slice(0, at), ...kept.slice(at + size)]
      if (await fails(without)) kept = without
      else at += size
    }
    if (size > 1) size = Math.ceil(size / 2)
    else if (kept.length === before) break
  }
  return { ...plan, operations: kept }
}
