import { fieldName } from '#lib/protocol/field-name.ts'
import { plural } from '#components/ui/format.ts'
import type { SessionDetail } from './session-row.ts'

type Conflict = SessionDetail['conflicts'][number]
type Words = Pick<Conflict, 'status' | 'outcome' | 'fields' | 'closure'>

/** Fields that a sentence names; more are counted. */
const FIELDS_NAMED_MAX = 4

/** Who won, and over which fields, in a sentence. Pure. */
export function conflictWords({ status, outcome, fields, closure }: Words): string {
  const where = fieldsText(fields)
  if (status === 'open') return `Nobody has won yet: a person has to choose${where}.`
  if (closure !== null) return `A person kept ${KEPT[closure.kept]}${where}.`
  // Which side stands in a field that both changed is not told by the outcome.
  if (outcome === 'merge')
    return `Both sides were merged${where === '' ? '' : `; both had changed ${where.slice(' over '.length)}`}.`
  const [won, then] = WON[outcome]
  return `${won}${where}${then}.`
}

const KEPT: Readonly<Record<NonNullable<Conflict['closure']>['kept'], string>> = {
  mine: 'the side of this device',
  theirs: 'the side of the server',
  merged: 'a merge of both',
}
const WON: Readonly<Record<Exclude<Conflict['outcome'], 'merge'>, readonly [won: string, then: string]>> = {
  local: ['This device won', ''],
  remote: ['The server’s side won', '; the change had no effect there'],
  manual: ['It went to a person', ''],
}

/** JSON Pointers as names; the root is the whole record. */
function fieldsText(fields: readonly string[]): string {
  if (fields.length === 0) return ''
  if (fields.includes('')) return ' over the whole record'
  const named = fields.slice(0, FIELDS_NAMED_MAX).map(fieldName)
  const more = fields.length - named.length
  return ` over ${named.join(', ')}${more === 0 ? '' : ` and ${plural(more, 'more field')}`}`
}
