import type { Level } from './pillars.ts'

/** Where a verdict sends a person; a page makes the address of it. Absent filters are null. */
export type LinkTarget =
  | { readonly page: 'dead-letters'; readonly group: string | null }
  | { readonly page: 'sessions'; readonly result: 'failed' | null; readonly appVersion: string | null }
  | {
      readonly page: 'pillar'
      readonly pillar: 'lag' | 'conflicts'
      readonly collection: string
    }
  | { readonly page: 'breaker'; readonly scope: string }
  | { readonly page: 'incident'; readonly id: string }
  | {
      readonly page: 'devices'
      readonly state: 'offline' | null
      readonly has: 'waiting' | null
      readonly appVersion: string | null
    }

/** The first line of the Overview: an answer, what it rests on, and the one next step. */
export interface Verdict {
  readonly level: Level
  readonly sentence: string
  readonly evidence: string
  readonly step: { readonly label: string; readonly target: LinkTarget } | null
}

/** A verdict that can stand among others: `brief` is what is said of it then. */
export type Trouble = Verdict & { readonly brief: string }

export const isOver = (level: Level): boolean => level === 'warn' || level === 'crit'
