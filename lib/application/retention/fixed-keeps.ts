import { TIER_KEPT_MS } from '#lib/rollups/bucket.ts'
import {
  LETTER_RESTORABLE_MS,
  MUTATION_ID_LIFE_MS,
  STORED_RESPONSE_LIFE_MS,
  TOKEN_LIFE_MS,
  TOMBSTONE_LIFE_MS,
} from '#lib/protocol/limits.ts'

/** One thing that is kept for a time that no setting changes: sync itself, or the charts, rest on it. In ms. */
export interface FixedKeep {
  readonly what: string
  readonly why: string
  readonly keptMs: number
}

/** What is kept by a rule of the engine or of the rollups (TK5, ID1). */
export const FIXED_KEEPS: readonly FixedKeep[] = [
  { what: 'Rollups by the minute and by five', why: 'charts of a day and less', keptMs: TIER_KEPT_MS.minute },
  { what: 'Rollups by the hour', why: 'charts of longer ranges', keptMs: TIER_KEPT_MS.hour },
  { what: 'Sync tokens', why: 'a device that comes later syncs fully', keptMs: TOKEN_LIFE_MS },
  { what: 'Answers to pushes', why: 'a repeated request gets the same one', keptMs: STORED_RESPONSE_LIFE_MS },
  { what: 'Deleted records', why: 'their deletion still reaches every device', keptMs: TOMBSTONE_LIFE_MS },
  {
    what: 'Dead letters that were replayed or discarded',
    why: 'a discard can be taken back; open ones stay',
    keptMs: LETTER_RESTORABLE_MS,
  },
  {
    what: 'The log of changes',
    why: 'a change that comes twice is known again',
    keptMs: MUTATION_ID_LIFE_MS,
  },
]
