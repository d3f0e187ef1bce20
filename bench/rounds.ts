import { setTimeout as pause } from 'node:timers/promises'

export interface Rounds {
  /** Not measured: V8 compiles what runs often anew for a while, and PostgreSQL fills its caches. */
  readonly warmUp: number
  readonly measured: number
  readonly afterWarmUp?: () => Promise<unknown>
}

/** What the one before left to do, a collection of garbage or LevelDB's compaction, is over by then. */
const SETTLE_MS = 300

/** What a round of one target gives; every value is a number, each name says its unit. */
export type Figures = Readonly<Record<string, number>>

/**
 * Runs the targets in rounds that take turns: a slow moment of the machine meets all of them.
 * @returns by target, the median of each figure over its measured rounds
 */
export async function inTurns<const Name extends string, F extends { readonly [K in keyof F]: number }>(
  targets: Readonly<Record<Name, () => F | Promise<F>>>,
  { warmUp, measured, afterWarmUp }: Rounds,
): Promise<Readonly<Record<Name, F>>> {
  const names = Object.keys(targets) as Name[]
  for (let round = 0; round < warmUp; round++) for (const name of names) await targets[name]()
  await afterWarmUp?.()
  const taken = new Map<Name, F[]>(names.map((name) => [name, []]))
  for (let round = 0; round < measured; round++) {
    for (const name of names) {
      await pause(SETTLE_MS)
      taken.get(name)?.push(await targets[name]())
    }
  }
  const medians = [...taken].map(([name, rounds]) => [name, medianOf(rounds)] as const)
  return Object.fromEntries(medians) as Record<Name, F>
}

function medianOf<F extends { readonly [K in keyof F]: number }>(rounds: readonly F[]): F {
  const names = Object.keys(rounds[0] ?? {}) as (keyof F & string)[]
  const median = (name: keyof F): number =>
    rounds.map((round): number => round[name]).sort((a, b) => a - b)[Math.floor(rounds.length / 2)] ??
    Number.NaN
  return Object.fromEntries(names.map((name) => [name, median(name)])) as F
}
