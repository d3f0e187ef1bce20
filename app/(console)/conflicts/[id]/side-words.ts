import { formatDuration, plural } from '#components/ui/format.ts'
import type { ShownConflict } from '#lib/application/conflicts/show-conflict.ts'
import { conflictWords } from '../../sessions/conflict-words.ts'
import { fieldsWords } from '../desk-words.ts'

type Conflict = ShownConflict['conflict']

/** The page's first line: what is contested, and by whom. Pure. */
export function conflictSentence({ status, deviceName, collection, fields }: Conflict): string {
  const where = `${fieldsWords(fields)} of a record of ${collection}`
  return status === 'open'
    ? `${deviceName || 'A device'} and the server disagree over ${where}; a person has to choose`
    : `${deviceName || 'A device'} and the server disagreed over ${where}`
}

const STRATEGY_WORDS: Readonly<Record<Conflict['strategy'], string>> = {
  lww: 'The last write wins: the side with the later stamp was kept',
  fww: 'The first write wins: a change that is not made on the newest version is not taken by itself',
  'field-merge': 'Merged field by field; a field that both changed falls to the tie rule',
  crdt: 'Merged by its state; only a delete or a rule can come between',
  ot: 'Operations are joined in the server’s order; only a delete or a rule can come between',
  manual: 'This collection leaves it to a person',
}

/** What the strategy decided, and why. Pure. */
export function decidedWords(conflict: Conflict): string {
  const said = `${STRATEGY_WORDS[conflict.strategy]}.`
  return `${said} ${conflictWords(conflict)}`
}

/** Who lost what, as far as it is settled; null while it is open. Pure. */
export function loserWords({ status, outcome, closure, deviceName }: Conflict): string | null {
  if (status === 'open') return null
  const device = deviceName || 'the device'
  const kept =
    closure?.kept ?? { local: 'mine', remote: 'theirs', merge: 'merged', manual: 'merged' }[outcome]
  if (kept === 'mine') return 'The server’s side lost: what others had written there stands no more.'
  if (kept === 'theirs') return `${device} lost: its change has no effect on the record.`
  return 'Each side lost the fields in which the other one was kept.'
}

/** How far a device's clock was off. Pure. */
export function clockWords(offsetMs: number | null): string {
  if (offsetMs === null) return 'clock not told'
  if (offsetMs === 0) return 'clock right'
  const { abs, sign } = { abs: Math.abs(offsetMs), sign: offsetMs > 0 ? 'behind' : 'ahead' }
  return `clock ${formatDuration(abs)} ${sign}`
}

/** A way to bring back what lost. `side` is for the API: null where it knows by itself. */
export type RestoreWay = { readonly side: 'mine' | 'theirs' | null; readonly label: string }

/** What of a settled conflict can be brought back. Pure. */
export function restoreWays({ status, outcome, closure }: Conflict): readonly RestoreWay[] {
  if (status === 'open') return []
  const mine = { side: 'mine', label: 'Bring back the device’s side' } as const
  const theirs = { side: 'theirs', label: 'Bring back the server’s side' } as const
  if (closure !== null) {
    if (closure.kept === 'merged') return [mine, theirs]
    return closure.kept === 'mine' ? [theirs] : [mine]
  }
  if (outcome === 'merge') return [{ side: null, label: 'Bring back the fields that lost' }]
  return outcome === 'local' ? [theirs] : [mine]
}

/** "1 field is masked". Pure. */
export const maskedNote = (masked: readonly string[]): string =>
  `${plural(masked.length, 'field')} ${masked.length === 1 ? 'is' : 'are'} masked; what stands behind a mask is kept`

/** What is said where somebody else was first. */
export const OVERTAKEN =
  'Somebody decided this, or changed the record, meanwhile. Nothing of yours was applied.'
