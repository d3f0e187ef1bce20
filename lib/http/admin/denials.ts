import type { Principal } from '#lib/application/access/principal.ts'
import { tellDenial } from '#lib/application/audit/denials.ts'
import type { Context } from '#lib/application/context.ts'
import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import { addressIn } from '../address-in.ts'

/** Leaves an audit event of a refused request (security check 43). */
export async function auditDenial(
  ctx: Pick<Context, 'storage' | 'clock' | 'ids' | 'log'>,
  request: Request,
  who: { readonly principal: Principal | null; readonly fleet: unknown; readonly code: ErrorCode },
): Promise<void> {
  const { principal, fleet, code } = who
  await tellDenial(ctx, {
    actor: principal?.actor ?? null,
    action: `${request.method} ${new URL(request.url).pathname}`,
    code,
    fleetId: isUuid(fleet) && (await ctx.storage.fleets.get(fleet)) ? fleet : null,
    address: addressIn(request.headers),
  })
}
