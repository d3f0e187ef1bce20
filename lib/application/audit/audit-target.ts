import { isUuid } from '#lib/kernel/uuid.ts'
import type { AuditEntry } from '#lib/storage/ports.ts'

/** What an entry was done to: where it stands in the console, as far as it has a page there and is not gone. */
interface AuditTarget {
  readonly kind: string
  readonly id: string
  /** Of the console, without parameters. */
  readonly path: string | null
}

const ITEM_PAGES: Readonly<Record<string, string>> = {
  device: '/devices',
  collection: '/collections',
  operation: '/operations',
  conflict: '/conflicts',
  'dead-letter': '/dead-letters',
  channel: '/alerts/channels',
}
const LIST_PAGES: Readonly<Record<string, string>> = {
  user: '/settings/people',
  invitation: '/settings/people',
  'api-key': '/settings/keys',
  'enrollment-key': '/settings/enrollment',
  'ingest-key': '/settings/ingest',
  fleet: '/settings/fleets',
}
/** After these it is not there any more. */
const ENDINGS = ['remove', 'purge', 'expire']

/** Pure. Null where the target is no id of a thing: an error code, `rollups`, a name. */
export function auditTarget({ action, target }: Pick<AuditEntry, 'action' | 'target'>): AuditTarget | null {
  const [noun = '', verb = ''] = action.split('.')
  const [before, after] = target.split('/')
  const [kind, id] = after === undefined ? [noun, target] : [before ?? '', after]
  if (!isUuid(id)) return null
  if (ENDINGS.includes(verb)) return { kind, id, path: null }
  const item = ITEM_PAGES[kind]
  return { kind, id, path: item === undefined ? (LIST_PAGES[kind] ?? null) : `${item}/${id}` }
}
