import { fieldName } from './field-name.ts'

/** Dead letters of one cause have the same code, app version, collection and place in the document. */
export interface CauseKey {
  readonly code: string
  readonly appVersion: string
  readonly collection: string
  /** As `causePath` writes it, or the id of a rule; null where the letter names no place but the whole document. */
  readonly path: string | null
}

/** A place for comparing: JSON Pointer with the indices of arrays left out. PostgreSQL's `BY_CAUSE` does the same. Pure. */
export const causePath = (path: string | null): string | null =>
  path?.replace(/\/[0-9]+(?=\/|$)/g, '/*') || null

export const isSameCause = (a: CauseKey, b: CauseKey): boolean =>
  a.code === b.code && a.appVersion === b.appVersion && a.collection === b.collection && a.path === b.path

const ID = /\s*\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi

/** What is wrong, in words that hold for all letters of the cause: the field first, no id of a single one. Pure. */
export function causeText({
  code,
  path,
  detail,
}: Pick<CauseKey, 'code' | 'path'> & { detail: string }): string {
  if (code === 'too_large') return 'larger than a change may be'
  const said = detail.replace(ID, '')
  // What is said of a broken rule names it already.
  return path === null || code === 'rule_violation' ? said : `${fieldName(path)}: ${said}`
}
