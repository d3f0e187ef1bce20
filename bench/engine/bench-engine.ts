import { applyEffects, decidePush } from '#lib/engine/push.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { StrategyName } from '#lib/protocol/device.ts'
import { markdownTable, whole } from '../markdown.ts'
import { strikeReportSource } from '../push/push-bodies.ts'
import { inTurns } from '../rounds.ts'
import type { Question } from './pushes.ts'
import { MUTATIONS, newId, questionUnder } from './pushes.ts'

const PUSHES = 200
const ROUNDS = { warmUp: 3, measured: 9 }
const STRATEGIES = ['lww', 'field-merge', 'manual', 'crdt', 'ot'] as const satisfies readonly StrategyName[]
/** Of each push, those that wait for a person: under `manual` what was made behind another device's change. */
const CONFLICTS: Partial<Record<StrategyName, number>> = { manual: 10 }

/** Decisions of the engine alone, in this process: nothing is parsed, stored or sent. */
export async function benchEngine(): Promise<string> {
  const report = strikeReportSource()
  const questions = STRATEGIES.map((strategy) => {
    const asked = Array.from({ length: PUSHES }, () => questionUnder(strategy, report))
    return [strategy, asked] as const
  })
  const targets = questions.map(([strategy, asked]) => [
    strategy,
    () => timed(() => asked.forEach((question) => decide(strategy, question))),
  ])
  const [, plain = []] = questions[0] ?? []
  const figures = await inTurns(
    {
      ceiling: () => timed(() => plain.forEach(keepNewest)),
      ...(Object.fromEntries(targets) as Record<(typeof STRATEGIES)[number], () => Cost>),
    },
    ROUNDS,
  )
  const row = (name: string, { cpuUs }: Cost): readonly string[] => [
    name,
    whole(1e6 / cpuUs),
    cpuUs.toFixed(2),
    (figures.ceiling.cpuUs / cpuUs).toFixed(3),
  ]
  return markdownTable(
    `Decisions alone, in memory, pushes of ${MUTATIONS} mutations`,
    ['strategy', 'mutations/s of a core', 'CPU µs/mutation', 'this ÷ ceiling'],
    [
      row('ceiling: the newer stamp wins in a bare `Map`', figures.ceiling),
      ...STRATEGIES.map((strategy) => row(`\`${strategy}\``, figures[strategy])),
    ],
  )
}

interface Cost {
  /** Processor time of this process, all its threads: what it collects as garbage is part of it. */
  readonly cpuUs: number
}

function timed(work: () => void): Cost {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return { cpuUs: (user + system) / (PUSHES * MUTATIONS) }
}

/** A figure of an engine that decided wrongly would mean nothing. */
function decide(strategy: StrategyName, { world, push }: Question): void {
  const decision = decidePush(world, push, newId)
  applyEffects(world, decision)
  const waiting = decision.results.filter(({ status }) => status === 'conflict').length
  const taken = decision.results.filter(
    ({ status }) => status === 'applied' || status === 'merged' || status === 'superseded',
  )
  if (waiting !== (CONFLICTS[strategy] ?? 0) || waiting + taken.length !== MUTATIONS) {
    throw new Error(`${strategy} decided ${JSON.stringify(decision.results)}`)
  }
}

/** What any authority does at least: find the record, compare stamps, keep the newer document, and say so. */
function keepNewest({ world, push }: Question): void {
  const kept = new Map<string, { readonly version: number; readonly hlc: string; readonly data: object }>()
  let head = world.heads.get('strike-reports') ?? 0
  const results: object[] = []
  for (const { mutation } of push.mutations) {
    const { id, collection, recordId, hlc, op } = mutation
    const key = recordKey(collection, recordId)
    const before = kept.get(key) ?? world.records.get(key)
    const wins = !before || before.hlc < hlc
    if (wins) {
      const data = op.type === 'put' ? op.data : { ...before?.data, ...('set' in op ? op.set : {}) }
      kept.set(key, { version: ++head, hlc, data })
    }
    results.push({ id, status: wins ? 'applied' : 'superseded', version: head })
  }
  if (results.length !== MUTATIONS) throw new Error('a mutation was lost')
}
