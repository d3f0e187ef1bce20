import { parseArgs } from 'node:util'
import { TRIAL_NAMES } from './trials.ts'

export interface SoakOptions {
  /** Each group of laws runs until it has had this many cases. */
  readonly cases: number
  readonly minutes: number
  /** Of the first round; each later one counts one up. */
  readonly seed: number
  readonly groups: readonly Group[]
  /** Of the simulation; 0 leaves it out. */
  readonly simulated: number
  /** Trials of real processes, by name. */
  readonly trials: readonly string[]
  /** Counts on from the ledger of the run before. */
  readonly resume: boolean
}

/** What the laws of a file are about; the first pattern that its name fits decides. */
const GROUPS = {
  merge: /\/(conflict|crdt|merge)/,
  ot: /\/ot\b/,
  other: /./,
} as const
export type Group = keyof typeof GROUPS
export const GROUP_NAMES = Object.keys(GROUPS) as readonly Group[]

/** Beside the groups of laws. */
const SIMULATION = 'simulation'
const ALL_GROUPS: readonly string[] = [...GROUP_NAMES, SIMULATION, ...TRIAL_NAMES]

export const groupOf = (file: string): Group => GROUP_NAMES.find((name) => GROUPS[name].test(file)) ?? 'other'

export const USAGE = `npm run soak -- [--cases 1000000] [--simulated 100000] [--minutes 60] [--seed N] [--groups ${ALL_GROUPS.join(',')}] [--resume]`

/** The options, or what is wrong with them. `nowMs` gives the seed when none is named. */
export function readOptions(argv: readonly string[], nowMs: number): SoakOptions | string {
  const options = {
    cases: { type: 'string', default: '1000000' },
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(nowMs % 2 ** 31) },
    simulated: { type: 'string', default: '100000' },
    groups: { type: 'string', default: ALL_GROUPS.join(',') },
    resume: { type: 'boolean', default: false },
  } as const
  try {
    const { values } = parseArgs({ args: [...argv], options })
    const named = values.groups.split(',')
    const strange = named.find((name) => !ALL_GROUPS.includes(name))
    if (strange !== undefined) return `--groups: there is no ${strange}`
    const [cases, minutes, seed] = [Number(values.cases), Number(values.minutes), Number(values.seed)]
    if (!Number.isSafeInteger(cases) || cases < 1) return '--cases must be a whole number above 0'
    if (!(minutes > 0)) return '--minutes must be above 0'
    if (!Number.isInteger(seed) || Math.abs(seed) >= 2 ** 31)
      return '--seed must be a whole number of 32 bits'
    const seeds = Number(values.simulated)
    if (!Number.isSafeInteger(seeds) || seeds < 1) return '--simulated must be a whole number above 0'
    const groups = GROUP_NAMES.filter((name) => named.includes(name))
    const simulated = named.includes(SIMULATION) ? seeds : 0
    const trials = TRIAL_NAMES.filter((name) => named.includes(name))
    return { cases, minutes, seed, groups, simulated, trials, resume: values.resume }
  } catch (error) {
    return (error as Error).message
  }
}

/** When the next of `parts` that share the time until `endsAtMs` has had its share; what it leaves is for the others. */
export const shareEnd = (nowMs: number, endsAtMs: number, parts: number): number =>
  nowMs + Math.max(0, endsAtMs - nowMs) / parts
