import { strategyOf } from '../world/collections.ts'
import type { Intent } from './intent.ts'
import type { Change } from './history.ts'
import { tokenOf } from './texts.ts'
import type { Invariant } from './violation.ts'

/**
 * C of texts under OT: what was typed stands right behind what its writer saw before it, whatever others wrote there
 * meanwhile, since the device's own comes first (`passAll`); where that is gone nobody can tell.
 */
export function checkPlaces(
  blame: (invariant: Invariant, text: string) => void,
  epoch: number,
  change: Change,
  intent: Intent | null,
): void {
  const { mutation } = change.incoming
  const { collection, recordId, baseEpoch } = mutation
  if (!intent || !change.record?.data || strategyOf(collection) !== 'ot') return
  // What was erased along with it may stand on either side.
  if (intent.typed.length === 0 || intent.erased.length > 0 || intent.inConflict) return
  if (change.replayOf !== null || change.releasedBy !== null) return
  if (baseEpoch !== undefined && baseEpoch !== epoch) return
  const seen = tokensOf(intent.after)
  const made = tokensOf(change.record.data)
  for (const one of intent.typed) {
    const token = tokenOf(collection, one)
    const left = seen[seen.indexOf(token) - 1]
    const at = made.indexOf(token)
    // What is missing altogether is found at the end (texts.ts).
    if (at < 0 || (left !== undefined && !made.includes(left))) continue
    if (made[at - 1] !== left)
      blame(
        'C',
        `${mutation.id} on ${collection}/${recordId} put ${token} behind ${made[at - 1]}, not ${left}`,
      )
  }
}

const tokensOf = (data: Intent['after']): readonly string[] => Array.from(String(data?.['body'] ?? ''))
