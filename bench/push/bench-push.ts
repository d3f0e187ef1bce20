import type { Child } from '../child.ts'
import { startChild } from '../child.ts'
import type { Order, RoundFigures } from './load.ts'
import type { Listening } from './serve.ts'

/** The first mark of issue 2: pushes of 50 mutations from 1,000 devices at concurrency 16. */
const DEVICES = 1_000
const MUTATIONS = 50
const CONCURRENCY = 16
/** The first round of each server warms it up and isn't counted. */
const ROUNDS = 5
/** Of the second ceiling. */
export const MARK = 0.5

interface Target {
  readonly name: string
  readonly child: Child<Listening>
  readonly decides: boolean
  readonly rounds: RoundFigures[]
}
export interface PushBench {
  readonly parse: RoundFigures
  readonly insert: RoundFigures
  readonly tidemark: RoundFigures
}

/**
 * Tidemark beside its two ceilings, in rounds that take turns so that a slow moment of the machine meets all three.
 * @param enrollmentKey of a fleet with the demo's collections in this database
 * @returns the median round of each
 */
export async function benchPush(
  databaseUrl: string,
  appEnv: Readonly<Record<string, string>>,
  enrollmentKey: string,
): Promise<PushBench> {
  const ceiling = new URL('./ceiling-server.ts', import.meta.url)
  const children: Child<unknown>[] = []
  const start = async <Ready>(file: URL, env: Readonly<Record<string, string>>): Promise<Child<Ready>> => {
    const child = await startChild<Ready>(file, { env })
    children.push(child)
    return child
  }
  try {
    const parse = target('parse', await start(ceiling, { DATABASE_URL: '' }), false)
    const insert = target('insert', await start(ceiling, { DATABASE_URL: databaseUrl }), false)
    const app = new URL('../device-server.ts', import.meta.url)
    const tidemark = target('tidemark', await start(app, { ...appEnv, DATABASE_URL: databaseUrl }), true)
    const load = await start<object>(new URL('./load.ts', import.meta.url), {})
    const ask = <T>(order: Order): Promise<T> => load.ask<T>(order)
    await ask({ kind: 'enroll', url: tidemark.child.ready.url, enrollmentKey, devices: DEVICES })
    for (let round = 0; round <= ROUNDS; round++) {
      for (const { child, decides, rounds } of [parse, insert, tidemark]) {
        const { url } = child.ready
        const order = { kind: 'round', url, mutations: MUTATIONS, concurrency: CONCURRENCY, decides } as const
        const figures = await ask<RoundFigures>(order)
        if (round > 0) rounds.push(figures)
      }
    }
    return { parse: medianOf(parse.rounds), insert: medianOf(insert.rounds), tidemark: medianOf(tidemark.rounds) }
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}

const target = (name: string, child: Child<Listening>, decides: boolean): Target => ({ name, child, decides, rounds: [] })

/** The median of each figure by itself. */
function medianOf(rounds: readonly RoundFigures[]): RoundFigures {
  const median = (figure: keyof RoundFigures): number => {
    const sorted = rounds.map((round) => round[figure]).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  }
  return { mutationsPerSecond: median('mutationsPerSecond'), p50Ms: median('p50Ms'), p99Ms: median('p99Ms') }
}

/** The table as `npm run bench` prints it. */
export function pushTable({ parse, insert, tidemark }: PushBench): string {
  const row = (name: string, figures: RoundFigures): string => {
    const { mutationsPerSecond, p50Ms, p99Ms } = figures
    const ratio = (to: RoundFigures): string => (tidemark.mutationsPerSecond / to.mutationsPerSecond).toFixed(2)
    const ours = figures === tidemark ? '' : ratio(figures)
    const rate = Math.round(mutationsPerSecond).toLocaleString('en-US')
    return `| ${name} | ${rate} | ${p50Ms.toFixed(1)} | ${p99Ms.toFixed(1)} | ${ours} |`
  }
  return [
    `### Pushes of ${MUTATIONS} mutations from ${DEVICES.toLocaleString('en-US')} devices, concurrency ${CONCURRENCY}`,
    '',
    '| server | mutations/s | p50 ms | p99 ms | Tidemark ÷ it |',
    '|---|---:|---:|---:|---:|',
    row('ceiling 1: bare `node:http`, reads and parses', parse),
    row('ceiling 2: the same and one `unnest` transaction a stream', insert),
    row('Tidemark', tidemark),
  ].join('\n')
}
