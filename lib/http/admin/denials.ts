import { auditEntry, NOBODY } from '#lib/application/access/audit-entry.ts'
import type { Principal } from '#lib/application/access/principal.ts'
import type { Context } from '#lib/application/context.ts'
import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import { clientAddress } from './client-address.ts'

/** Anybody can be refused as often as they like, but not fill the log with it; strangers never use up the others' room. */
const DENIALS_AUDITED_PER_MINUTE_MAX = { stranger: 60, known: 600 }
const MINUTE_MS = 60_000
const TARGET_CHARS_MAX = 200

interface Minute {
  startMs: number
  written: number
}
const minutes: Record<'stranger' | 'known', Minute> = {
  stranger: { startMs: 0, written: 0 },
  known: { startMs: 0, written: 0 },
}

function hasRoom(who: 'stranger' | 'known', nowMs: number): boolean {
  const minute = minutes[who]
  if (Math.abs(nowMs - minute.startMs) >= MINUTE_MS) Object.assign(minute, { startMs: nowMs, written: 0 })
  minute.written += 1
  return minute.written <= DENIALS_AUDITED_PER_MINUTE_MAX[who]
}

/** Leaves an audit event of a refused request, while this minute has room for one (security.md, 43). */
export async function auditDenial(
  ctx: Context,
  request: Request,
  who: { readonly principal: Principal | null; readonly fleet: unknown; readonly code: ErrorCode },
): Promise<void> {
  if (!hasRoom(who.principal ? 'known' : 'stranger', ctx.clock.now())) return
  const entry = auditEntry(ctx, who.principal?.actor ?? NOBODY, {
    action: `${request.method} ${new URL(request.url).pathname}`.slice(0, TARGET_CHARS_MAX),
    target: who.code,
    fleetId: isUuid(who.fleet) && (await ctx.storage.fleets.get(who.fleet)) ? who.fleet : null,
    address: clientAddress(request.headers),
    outcome: 'denied',
  })
  await ctx.storage.audit.append(entry)
}
