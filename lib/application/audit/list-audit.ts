import { z } from 'zod'
import { uuid } from '#lib/protocol/mutation.ts'
import type { AuditEntry } from '#lib/storage/ports.ts'
import { authorizeScope } from '../access/authorize.ts'
import type { AccessContext } from '../access/context.ts'
import type { Actor } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import type { ItemList } from '../page.ts'
import { itemList, pageInput, pageRequest, rangeInput, since } from '../page.ts'

export const auditQuery = z.strictObject({
  ...pageInput,
  ...rangeInput,
  fleet: uuid.optional(),
  action: z.string().min(1).max(80).optional(),
})

/** Who did what, newest first: in one fleet, or without one in all of them. @throws ApplicationError `forbidden`, `not_found` */
export async function listAudit(
  ctx: Pick<AccessContext, 'storage'>,
  input: { readonly actor: Actor; readonly query: unknown },
): Promise<ItemList<AuditEntry>> {
  const { action, fleet, from, ...request } = parsedOrThrow(auditQuery, input.query)
  authorizeScope(input.actor, fleet ?? null, 'operator')
  const filter = { fleetId: fleet ?? null, action: action ?? null }
  const page = await ctx.storage.audit.list(filter, pageRequest(request))
  return itemList(
    since(page, from, (entry) => entry.atMs),
    (entry) => entry,
  )
}
