import { hash } from 'node:crypto'
import { Ledger } from '../oracle/ledger.ts'
import type { Violation } from '../oracle/violation.ts'
import { isText } from '../world/collections.ts'
import type { SetUpFleet } from '../world/fleet.ts'
import type { Plan } from '../world/plan.ts'
import { World } from '../world/world.ts'
import { execute } from './execute.ts'
import { healAndCheck } from './heal.ts'
import { Gateway } from './gateway.ts'
import { Users } from './users.ts'

export interface Verdict {
  readonly violations: readonly Violation[]
  /** Of all that was sent, answered and done, with its times. */
  readonly traceHash: string
  readonly trace: readonly string[]
  /** How often each fault did harm. */
  readonly hits: ReadonlyMap<string, number>
  readonly mutations: number
  readonly commits: number
}

/** Runs one plan from its first moment to rest. Equal plans give equal verdicts. */
export async function runPlan(plan: Plan, fleet: SetUpFleet): Promise<Verdict> {
  const ledger = new Ledger()
  const world = new World(plan, fleet, ledger)
  world.seal()
  const users = new Users(world, ledger)
  const stage = { world, ledger, users, gateway: new Gateway(world, ledger, users) }
  for (const device of world.devices) void device.open()
  if (plan.operations.some((one) => one.kind === 'write' && isText(one.collection)))
    void stage.gateway.beginTexts()
  try {
    for (const operation of plan.operations) {
      await world.time.runUntil(operation.atMs + world.time.leaptMs)
      world.trace(`op ${JSON.stringify(operation)}`)
      void execute(stage, operation).catch((error: unknown) => ledger.blame('T', textOf(error)))
    }
    await world.time.runUntil(plan.horizonMs + world.time.leaptMs)
    await healAndCheck(stage)
  } catch (error) {
    ledger.blame('T', textOf(error))
  }
  return {
    violations: ledger.violations,
    traceHash: hash('sha256', world.traced.join('\n')),
    trace: world.traced,
    hits: world.windows.hits,
    mutations: ledger.history.effects.size,
    commits: world.database.commits.length,
  }
}

const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)
