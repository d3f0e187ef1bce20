import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'

/**
 * A sum over records: the same whatever the order, and changed by one record in one step. Two lanes of 32 bits find
 * what went wrong by accident; nobody has a reason to forge it.
 */
export interface StateHash {
  readonly high: number
  readonly low: number
}
export const EMPTY_STATE: StateHash = { high: 0, low: 0 }

export interface HashedRecord {
  readonly recordId: string
  readonly version: number
  readonly data: JsonObject
}

/** The state with this live record in it. */
export function addToState({ high, low }: StateHash, record: HashedRecord): StateHash {
  const { high: h, low: l } = hashText(
    `${record.recordId} ${record.version} ${canonicalJson(record.data as Json)}`,
  )
  return { high: (high + h) >>> 0, low: (low + l) >>> 0 }
}

/** 16 hex digits. */
export const stateText = ({ high, low }: StateHash): string =>
  high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')

/** `name:hash,…` in order of name: what a session report tells as `stateHash`. */
export const formatStates = (states: Readonly<Record<string, string>>): string =>
  Object.keys(states)
    .sort()
    .map((name) => `${name}:${states[name]}`)
    .join(',')

/** Null for a text that is none of ours. */
export function parseStates(text: string): Readonly<Record<string, string>> | null {
  const parts = text.split(',').map((part) => /^([a-z][a-z0-9-]{0,62}):([0-9a-f]{16})$/.exec(part))
  if (parts.some((match) => match === null)) return null
  return Object.fromEntries(parts.map((match) => [match?.[1] ?? '', match?.[2] ?? '']))
}

/** FNV-1a over UTF-16 code units in two lanes with other seeds, each finished by MurmurHash3's mixer. */
export function hashText(text: string): StateHash {
  let high = 0x811c9dc5
  let low = 0x9e3779b9
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    high = Math.imul(high ^ code, 0x01000193)
    low = Math.imul(low ^ code, 0x85ebca6b)
  }
  return { high: mix(high ^ text.length), low: mix(low) }
}

function mix(lane: number): number {
  let h = lane
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
