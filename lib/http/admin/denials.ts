import { auditEntry, NOBODY } from '#lib/application/access/audit-entry.ts'
import type { Principal } from '#lib/application/access/principal.ts'
import type { Context } from '#lib/application/context.ts'
import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import { clientAddress } from './client-address.ts'

/** Strangers can be refused as often as they like, but not fill the log with it. */
export const DENIALS_AUDITED_PER_MINUTE_MAX = 120
const MINUTE_MS = 60_000
const TARGET_CHARS_MAX = 200

let windowEndsMs = 0
let written = 0

/** Leaves an audit event of a refused request, while this minute has room for one (security.md, 43). */
export async function auditDenial(
  ctx: Context,
  request: Request,
  who: { readonly principal: Principal | null; readonly fleet: unknown; readonly code: ErrorCode },
): Promise<void> {
  const nowMs = ctx.clock.now()
  if (nowMs >= windowEndsMs || nowMs < windowEndsMs - MINUTE_MS) [windowEndsMs, written] = [nowMs + MINUTE_MS, 0]
  if (written >= DENIALS_AUDITED_PER_MINUTE_MAX) return
  written += 1
  const entry = auditEntry(ctx, who.principal?.actor ?? NOBODY, {
    action: `${request.method} ${new URL(request.url).pathname}`.slice(0, TARGET_CHARS_MAX),
    target: who.code,
    fleetId: isUuid(who.fleet) && (await ctx.storage.fleets.get(who.fleet)) ? who.fleet : null,
    address: clientAddress(request.headers),
    outcome: 'denied',
  })
  await ctx.storage.audit.append(entry)
}
