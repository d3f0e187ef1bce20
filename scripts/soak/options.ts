import { parseArgs } from 'node:util'

export interface SoakOptions {
  /** Each group of laws runs until it has had this many cases. */
  readonly cases: number
  readonly minutes: number
  /** Of the first round; each later one counts one up. */
  readonly seed: number
  readonly groups: readonly Group[]
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

export const groupOf = (file: string): Group => GROUP_NAMES.find((name) => GROUPS[name].test(file)) ?? 'other'

export const USAGE = `npm run soak -- [--cases 1000000] [--minutes 60] [--seed N] [--groups ${GROUP_NAMES.join(',')}] [--resume]`

/** The options, or what is wrong with them. `nowMs` gives the seed when none is named. */
export function readOptions(argv: readonly string[], nowMs: number): SoakOptions | string {
  const options = {
    cases: { type: 'string', default: '1000000' },
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(nowMs % 2 ** 31) },
    groups: { type: 'string', default: GROUP_NAMES.join(',') },
    resume: { type: 'boolean', default: false },
  } as const
  try {
    const { values } = parseArgs({ args: [...argv], options })
    const groups = values.groups.split(',') as Group[]
    const strange = groups.find((name) => !GROUP_NAMES.includes(name))
    if (strange !== undefined) return `--groups: there is no ${strange}`
    const [cases, minutes, seed] = [Number(values.cases), Number(values.minutes), Number(values.seed)]
    if (!Number.isSafeInteger(cases) || cases < 1) return '--cases must be a whole number above 0'
    if (!(minutes > 0)) return '--minutes must be above 0'
    if (!Number.isInteger(seed) || Math.abs(seed) >= 2 ** 31)
      return '--seed must be a whole number of 32 bits'
    return { cases, minutes, seed, groups, resume: values.resume }
  } catch (error) {
    return (error as Error).message
  }
}
