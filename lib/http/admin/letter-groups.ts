import { createHash } from 'node:crypto'
import type { CauseList, DeadLetterCauseRow } from '#lib/application/dead-letters/list-causes.ts'
import { pageOfWhole, type WholePage } from './whole-list.ts'

export interface LetterGroups extends WholePage<DeadLetterCauseRow> {
  /** Of all open letters, those of causes past the list's bound among them. */
  readonly totals: CauseList['totals']
}

/**
 * GET /dead-letters/groups: open letters by cause, most frequent first; a range is of the newest letter.
 * @throws ApplicationError `bad_request`
 */
export function letterGroups({ causes, totals }: CauseList, query: unknown): LetterGroups {
  const page = pageOfWhole(causes, query, { idOf: groupId, atMsOf: ({ newestAtMs }) => newestAtMs })
  return { ...page, totals }
}

/** Short, whatever a place in a document is called. */
const groupId = ({ code, appVersion, collection, path }: DeadLetterCauseRow): string =>
  createHash('sha256')
    .update(JSON.stringify([code, appVersion, collection, path]))
    .digest('base64url')
