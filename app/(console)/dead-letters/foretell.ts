import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import { isApplicationError } from '#lib/application/errors.ts'
import { previewFilter, type Preview } from '#lib/application/operations/preview-operation.ts'
import type { Visit } from '../viewer.ts'

/** A letter with more behind it is looked at as a bulk action, which shows its progress: the page does not wait for it. */
const FORETOLD_HELD_MAX = 20

/** What a replay of one letter would come to now, as the dry run of it alone says. */
export type Foretold = {
  readonly outcome: Preview['items'][number]['outcome']
  readonly code: string | null
  readonly detail: string | null
  /** What is held behind it and would go along. */
  readonly behind: Preview['counts']
  readonly assumesAuthority: boolean
}

/**
 * Looks what a replay of an open letter would do on the server as it is now; it writes nothing. Null for who may not replay, for
 * one that is closed or has too many behind it, and while the collections keep changing.
 */
export async function foretell(at: Visit, detail: DeadLetterDetail | null): Promise<Foretold | null> {
  if (detail === null || at.fleet.role === 'viewer') return null
  const { letter, held } = detail
  if (letter.status !== 'open' || held.length > FORETOLD_HELD_MAX) return null
  const body = { kind: 'replay', letters: [letter.id] }
  try {
    return foretoldOf(letter.id, await previewFilter(at.ctx, { actor: at.actor, fleetId: at.fleet.id, body }))
  } catch (error) {
    if (isApplicationError(error) && error.tidemarkCode === 'shed') return null
    throw error
  }
}

/** Null for one that was settled meanwhile. Pure. */
export function foretoldOf(letterId: string, { items, counts, assumesAuthority }: Preview): Foretold | null {
  const own = items.find((item) => item.letterId === letterId)
  if (own === undefined) return null
  const { outcome, code, detail } = own
  const behind = counts
    .map((one) => (one.outcome === outcome && one.code === code ? { ...one, count: one.count - 1 } : one))
    .filter(({ count }) => count > 0)
  return { outcome, code, detail, behind, assumesAuthority }
}
