import { fieldValue } from '#components/ui/field-value.ts'
import { formatDuration, plural } from '#components/ui/format.ts'
import type { ShownConflict } from '#lib/application/conflicts/show-conflict.ts'
import { fieldName } from '#lib/protocol/field-name.ts'
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
  fww: 'The first write wins: a change that is not made on the newest version is not taken automatically',
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

type Doc = Conflict['result']

/** Values that a sentence names, and characters of one. */
const LOST_NAMED_MAX = 4
const LOST_VALUE_MAX = 80

const textAt = (data: Doc, pointer: string): string | null =>
  data === null ? null : (fieldValue(data, pointer)?.text ?? null)

/** A value in a sentence, as text without its quotes. Pure. */
function quoted(json: string): string {
  const text = json.startsWith('"') ? (JSON.parse(json) as string) : json
  return `«${text.length > LOST_VALUE_MAX ? `${text.slice(0, LOST_VALUE_MAX)}…` : text}»`
}

/** The contested fields of a side that stand as they were on the other one, or on neither: with their values. Pure. */
function lostOf(
  { result }: Conflict,
  fields: readonly string[],
  side: Doc,
  whose: string,
): readonly string[] {
  const lost = fields.flatMap((pointer) => {
    const was = textAt(side, pointer)
    return was === null || was === textAt(result, pointer) ? [] : [`${fieldName(pointer)} ${quoted(was)}`]
  })
  if (lost.length === 0) return []
  const more = lost.length - LOST_NAMED_MAX
  return [`${lost.slice(0, LOST_NAMED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''} of ${whose}`]
}

/** What lost and whose it was, as far as it is settled; null while it is open. Pure. */
export function loserWords(conflict: Conflict): { readonly lost: boolean; readonly words: string } | null {
  const { status, outcome, closure, deviceName, fields, local, remote, result } = conflict
  if (status === 'open') return null
  const device = deviceName || 'the device'
  const kept =
    closure?.kept ?? { local: 'mine', remote: 'theirs', merge: 'merged', manual: 'merged' }[outcome]
  if (kept === 'mine') {
    const [named] = lostOf(conflict, fields, remote, 'the server’s side')
    return {
      lost: true,
      words: named ?? 'The server’s side lost: what others had written there stands no more.',
    }
  }
  if (kept === 'theirs') {
    const [named] = lostOf(conflict, fields, local, device)
    return { lost: true, words: named ?? `${device} lost: its change has no effect on the record.` }
  }
  if (fields.length === 0) return { lost: false, words: 'The two changed different fields.' }
  if (fields.some((pointer) => textAt(result, pointer) === null))
    return { lost: true, words: 'Only a part of each side was kept; the table shows which.' }
  // A third value that no person wrote is both joined: nothing of it is lost.
  const isJoined = (pointer: string): boolean =>
    closure === null && ![textAt(local, pointer), textAt(remote, pointer)].includes(textAt(result, pointer))
  const contested = fields.filter((pointer) => !isJoined(pointer))
  const lost = [
    ...lostOf(conflict, contested, remote, 'the server’s side'),
    ...lostOf(conflict, contested, local, device),
  ]
  return lost.length === 0
    ? { lost: false, words: 'What both wrote was joined.' }
    : { lost: true, words: lost.join('; ') }
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
export function restoreWays(conflict: Conflict): readonly RestoreWay[] {
  const { status, outcome, closure } = conflict
  if (status === 'open') return []
  const mine = { side: 'mine', label: 'Bring back the device’s side' } as const
  const theirs = { side: 'theirs', label: 'Bring back the server’s side' } as const
  if (closure !== null) {
    if (closure.kept === 'merged') return [mine, theirs]
    return closure.kept === 'mine' ? [theirs] : [mine]
  }
  if (outcome === 'merge')
    return loserWords(conflict)?.lost ? [{ side: null, label: 'Bring back the fields that lost' }] : []
  return outcome === 'local' ? [theirs] : [mine]
}

/** "1 field is masked". Pure. */
export const maskedNote = (masked: readonly string[]): string =>
  `${plural(masked.length, 'field')} ${masked.length === 1 ? 'is' : 'are'} masked; what stands behind a mask is kept`

/** What is said where somebody else was first. */
export const OVERTAKEN =
  'Somebody decided this, or changed the record, meanwhile. Nothing of yours was applied.'
