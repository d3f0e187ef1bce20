/** What a damaged store lost, for whoever holds the device. Pure. */
import { plural } from '#components/ui/format.ts'
import type { RecoveryNotice } from '#lib/client/tables.ts'

/** What was lost, and what was not. */
export function recoverySentence({
  pendingKept,
  changesLost,
  mayHaveLostMore,
  isNewIdentity,
}: RecoveryNotice): string {
  const lost =
    changesLost.length === 0
      ? mayHaveLostMore
        ? 'Changes may have been lost.'
        : 'No change of yours was lost.'
      : `${plural(changesLost.length, 'change')} of yours ${changesLost.length === 1 ? 'was' : 'were'} lost${mayHaveLostMore ? ', perhaps more' : ''}.`
  const kept =
    pendingKept === 0
      ? ''
      : ` ${plural(pendingKept, 'change')} that waited ${pendingKept === 1 ? 'was' : 'were'} kept.`
  return `What was stored on this device was damaged and is rebuilt. ${lost}${kept}${isNewIdentity ? ' It is a new device to the server now.' : ''}`
}

/** The newest rebuild that cost work of the person's, or may have; null where none did. */
export const costlyRecovery = (recoveries: readonly RecoveryNotice[]): RecoveryNotice | null =>
  recoveries.findLast(({ changesLost, mayHaveLostMore }) => changesLost.length > 0 || mayHaveLostMore) ?? null
