/**
 * What the app keeps beside the replica, in localStorage, and what is a tab's own in sessionStorage: the code until the
 * device is enrolled, its name, and what is typed and not saved yet, so that neither a reload nor an update takes it.
 */
import type { Draft } from './report-draft.ts'

const PREFIX = 'tidemark-field:'

/** Asked for when it is used: a browser may forbid it. */
type Place = () => Storage
const everyTab: Place = () => localStorage
const thisTab: Place = () => sessionStorage

function read(key: string, place = everyTab): unknown {
  try {
    return JSON.parse(place().getItem(PREFIX + key) ?? 'null')
  } catch {
    // Not ours, or no storage at all: as if nothing was kept.
    return null
  }
}

function write(key: string, value: unknown, place = everyTab): void {
  try {
    if (value === null) place().removeItem(PREFIX + key)
    else place().setItem(PREFIX + key, JSON.stringify(value))
  } catch {
    // Full or forbidden: what is saved goes into the replica all the same, and says so if it can't.
  }
}

export interface Enrolling {
  readonly key: string
  readonly name: string
}

/** The code with which this device is on its way into a fleet. */
export function keptEnrolling(): Enrolling | null {
  const kept = read('enrolling') as Partial<Enrolling> | null
  return typeof kept?.key === 'string' && typeof kept.name === 'string'
    ? { key: kept.key, name: kept.name }
    : null
}
export const keepEnrolling = (enrolling: Enrolling | null): void => write('enrolling', enrolling)

export const keptName = (): string => {
  const name = read('name')
  return typeof name === 'string' ? name : ''
}
export const keepName = (name: string): void => write('name', name)

/** The newest rebuild of a damaged store that the person was told of, by its time. */
export const keptSeenRecovery = (): number => {
  const seen = read('recovery-seen')
  return typeof seen === 'number' ? seen : 0
}
export const keepSeenRecovery = (noticedAtMs: number): void => write('recovery-seen', noticedAtMs)

/** An unsaved form: the texts that it began with, and as they are now. */
export interface KeptDraft {
  readonly before: Draft
  readonly draft: Draft
  /** Of a new report: what it will be filed under, so that it is filed once. */
  readonly id?: string
}

const isDraft = (value: unknown): value is Draft =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((text) => typeof text === 'string')

export function keptDraft(id: string, place = everyTab): KeptDraft | null {
  const kept = read(`draft:${id}`, place) as Partial<KeptDraft> | null
  return kept && isDraft(kept.before) && isDraft(kept.draft)
    ? {
        before: kept.before,
        draft: kept.draft,
        ...(typeof kept.id === 'string' ? { id: kept.id } : {}),
      }
    : null
}
export const keepDraft = (id: string, kept: KeptDraft | null): void => write(`draft:${id}`, kept)

/**
 * A new report that is not filed: what this tab typed, else the last that was typed in any, which a tab that was closed may
 * have left. Two tabs may write one each: none takes the other's.
 */
export const keptNewDraft = (): KeptDraft | null => keptDraft('new', thisTab) ?? keptDraft('new')

export function keepNewDraft(kept: KeptDraft): void {
  write('draft:new', kept, thisTab)
  keepDraft('new', kept)
}

/** It was filed, by this tab: what stands there by now may be another one's. */
export function forgetNewDraft(id: string): void {
  write('draft:new', null, thisTab)
  if (keptDraft('new')?.id === id) keepDraft('new', null)
}
