import { z } from 'zod'
import { uuid } from '#lib/protocol/mutation.ts'
import { AUDIT_FIELDS } from '#lib/query/audit-fields.ts'
import { frozen } from '#lib/query/frozen.ts'
import type { StoredAudit } from '#lib/storage/ports.ts'
import { authorizeScope } from '../access/authorize.ts'
import type { Actor } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import { filterInput, filterOrThrow } from '../filter.ts'
import type { ItemList } from '../page.ts'
import { itemList, pageInput, pageRequest, rangeInput, since } from '../page.ts'
import type { AuditContext } from './audit-context.ts'

/** An entry as the list has it. */
export type ListedAudit = StoredAudit

export const auditQuery = z.strictObject({
  ...pageInput,
  ...rangeInput,
  fleet: uuid.optional(),
  action: z.string().min(1).max(80).optional(),
  q: filterInput(AUDIT_FIELDS),
})

/**
 * Who did what, newest first, of what matches `q` (docs/filters.md): in one fleet, or without one in all of them and in
 * none. A page may have few entries, or none, and still go on behind them.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function listAudit(
  ctx: Pick<AuditContext, 'storage' | 'clock'>,
  input: { readonly actor: Actor; readonly query: unknown },
): Promise<ItemList<StoredAudit>> {
  const { action, fleet, from, q, ...request } = parsedOrThrow(auditQuery, input.query)
  authorizeScope(input.actor, fleet ?? null, 'operator')
  const conditions = frozen(filterOrThrow(q, AUDIT_FIELDS), ctx.clock.now())
  const filter = { fleetId: fleet ?? null, action: action ?? null, conditions }
  const page = await ctx.storage.audit.list(filter, pageRequest(request))
  return itemList(
    endedAt(
      since(page, from, (entry) => entry.atMs),
      from,
    ),
    (entry) => entry,
  )
}

/** The list ends where the next page would be older than `from`, also behind a page of nothing. */
function endedAt<P extends { readonly next: { readonly atMs: number } | null }>(
  page: P,
  from: number | undefined,
): P {
  return from !== undefined && page.next !== null && page.next.atMs < from ? { ...page, next: null } : page
}
