import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import { isApplicationError } from '#lib/application/errors.ts'
import { foretellLetter, type LetterForecast } from '#lib/application/operations/foretell-letter.ts'
import type { Visit } from '../viewer.ts'

/** A letter with more behind it is looked at as a bulk action, which shows its progress: the page does not wait for it. */
const FORETOLD_HELD_MAX = 20

/**
 * Looks what a replay of an open letter would do on the server as it is now; it writes nothing. Null for who may not replay, for
 * one that is closed or has too many behind it, and while the collections keep changing.
 */
export async function foretell(at: Visit, detail: DeadLetterDetail | null): Promise<LetterForecast | null> {
  if (detail === null || at.fleet.role === 'viewer') return null
  const { letter, held } = detail
  if (letter.status !== 'open' || held.length > FORETOLD_HELD_MAX) return null
  try {
    return await foretellLetter(at.ctx, { actor: at.actor, fleetId: at.fleet.id, id: letter.id, body: {} })
  } catch (error) {
    const isForTheMoment =
      isApplicationError(error) &&
      (error.tidemarkCode === 'shed' ||
        error.tidemarkCode === 'not_replayable' ||
        error.tidemarkCode === 'not_found')
    if (isForTheMoment) return null
    throw error
  }
}
