import type { Child } from '../child.ts'
import { markdownTable, whole } from '../markdown.ts'
import { PEER, PEER_MISSING, startPeer, SYNCED_PEER } from '../peer/peer.ts'
import type { BenchDatabase } from '../postgres.ts'
import type { Processes, Server } from '../processes.ts'
import { analyze, usageOf, withProcesses } from '../processes.ts'
import { inTurns } from '../rounds.ts'
import type { Order, RoundFigures } from './load.ts'

export interface PushPlan {
  readonly title: string
  readonly devices: number
  /** Of one round. */
  readonly pushes: number
  /** Of one push. */
  readonly mutations: number
  readonly concurrency: number
  readonly warmUp: number
  readonly measured: number
  /** Records that all pushes are about; without them each mutation is a new one. */
  readonly hot?: readonly string[]
  /** Servers that decide nothing, by the name of their row. */
  readonly others: (processes: Processes) => Promise<Readonly<Record<string, Server>>>
  /** Stands beside it as well, where it is installed. */
  readonly withPeer: boolean
  /** Fails when what is stored is not what was acknowledged. */
  readonly check: (database: BenchDatabase, run: PushRun) => Promise<void>
}

export interface PushRun {
  readonly fleetId: string
  /** That Tidemark acknowledged in all. */
  readonly mutations: number
  readonly load: Child<object>
  readonly tidemark: Server
  readonly others: Readonly<Record<string, Server>>
}

interface Figures extends RoundFigures {
  /** Processor time of the Node process, all its threads. */
  readonly cpuUsPerMutation: number
}

const TIDEMARK = 'Tidemark'

/** Pushes to Tidemark and to servers beside it, each in a process of its own. */
export function benchPushes(database: BenchDatabase, plan: PushPlan): Promise<string> {
  return withProcesses(database, async (processes) => {
    const tidemark = await processes.tidemark()
    const others = await plan.others(processes)
    const load = await processes.load(new URL('./load.ts', import.meta.url))
    const { url, enrollmentKey, fleetId } = tidemark.ready
    const { devices, hot, warmUp, measured, pushes, mutations } = plan
    await load.ask<object>({ kind: 'enroll', url, enrollmentKey, devices } satisfies Order)
    if (hot) await load.ask<object>({ kind: 'heat', url, records: hot } satisfies Order)
    const peers = new Map<string, Server>()
    for (const name of plan.withPeer ? ([PEER, SYNCED_PEER] as const) : []) {
      const peer = await startPeer(processes, name)
      if (peer) peers.set(name, peer)
    }
    const round = (server: Server, how: How) => roundOf(plan, load, server, how)
    const beside = Object.entries(others).map(([name, server]) => [name, round(server, CEILING)] as const)
    const figures = await inTurns<string, Figures>(
      {
        ...Object.fromEntries(beside),
        ...Object.fromEntries(
          [...peers].map(([name, peer]) => [name, round(peer, { protocol: 'couchdb', decides: false })]),
        ),
        [TIDEMARK]: round(tidemark, { protocol: 'tidemark', decides: true }),
      },
      { warmUp, measured, afterWarmUp: () => analyze(database) },
    )
    const all = (warmUp + measured) * pushes * mutations
    await plan.check(database, { fleetId, mutations: all, load, tidemark, others })
    return pushTable(plan.title, figures) + (plan.withPeer && peers.size === 0 ? PEER_MISSING : '')
  })
}

type How = Pick<Extract<Order, { kind: 'round' }>, 'protocol' | 'decides'>
const CEILING: How = { protocol: 'tidemark', decides: false }

const roundOf =
  ({ pushes, mutations, concurrency, hot }: PushPlan, load: Child<object>, server: Server, how: How) =>
  async (): Promise<Figures> => {
    const { url } = server.ready
    const order = {
      kind: 'round',
      url,
      pushes,
      mutations,
      concurrency,
      ...how,
      ...(hot && { hot }),
    } as const
    const before = await usageOf(server)
    const figures = await load.ask<RoundFigures>(order satisfies Order)
    const cpuUs = (await usageOf(server)).cpuUs - before.cpuUs
    return { ...figures, cpuUsPerMutation: cpuUs / (pushes * mutations) }
  }

function pushTable(title: string, figures: Readonly<Record<string, Figures>>): string {
  const own = figures[TIDEMARK]?.mutationsPerSecond ?? Number.NaN
  return markdownTable(
    title,
    ['server', 'mutations/s', 'p50 ms', 'p99 ms', 'Node CPU µs/mutation', 'Tidemark ÷ this'],
    Object.entries(figures).map(([name, { mutationsPerSecond, p50Ms, p99Ms, cpuUsPerMutation }]) => [
      name,
      whole(mutationsPerSecond),
      p50Ms.toFixed(1),
      p99Ms.toFixed(1),
      cpuUsPerMutation.toFixed(0),
      (own / mutationsPerSecond).toFixed(2),
    ]),
  )
}
