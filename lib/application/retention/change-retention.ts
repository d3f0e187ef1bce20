import { z } from 'zod'
import { jsonEqual } from '#lib/kernel/json.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorizeEverywhere, strongestRole } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import type { Retention, StoredRetention } from './retention.ts'
import { readRetention, RETENTION } from './retention.ts'

/** Ten years, and as long as the buckets that are folded of them. */
export const SESSIONS_DAYS_MAX = 3_650
export const EVENTS_DAYS_MAX = 400
/** Least: a session or an event of yesterday may still be on its way. */
export const RETENTION_DAYS_MIN = 2

const days = (max: number) => z.int().min(RETENTION_DAYS_MIN).max(max)
export const retentionChange = z.strictObject({
  sessionsDays: days(SESSIONS_DAYS_MAX).optional(),
  eventsDays: days(EVENTS_DAYS_MAX).optional(),
  /** The one that the change was made on; left out, the change is laid over whatever there is. */
  version: z.int().min(0).optional(),
  /** Kept in the audit log. */
  reason: z.string().trim().min(1).max(1_000).optional(),
})

/** GET /retention. @throws ApplicationError `forbidden` */
export async function getRetention(
  ctx: Pick<Context, 'storage'>,
  { actor }: { readonly actor: Actor },
): Promise<StoredRetention> {
  if (strongestRole(actor) === null) throw new ApplicationError('forbidden')
  return readRetention(ctx.storage)
}

/**
 * PATCH /retention: of the whole installation, so by its administrators. What is past by the new figures goes within
 * the hour; what is gone doesn't come back when they are raised.
 * @throws ApplicationError `forbidden`, `bad_request`, `stale_version`
 */
export async function changeRetention(
  ctx: Context,
  { actor, body }: { readonly actor: Actor; readonly body: unknown },
): Promise<StoredRetention> {
  const { version, reason = null, ...change } = parsedOrThrow(retentionChange, body)
  authorizeEverywhere(actor, 'admin')
  const before = await readRetention(ctx.storage)
  if (version !== undefined && version !== before.version)
    throw new ApplicationError('stale_version', { extra: { version: before.version } })
  const shown = ({ sessionsDays, eventsDays }: Retention) => ({ sessionsDays, eventsDays })
  const value = {
    sessionsDays: change.sessionsDays ?? before.sessionsDays,
    eventsDays: change.eventsDays ?? before.eventsDays,
  }
  if (jsonEqual(value, shown(before))) return before
  const next = { ...value, version: before.version + 1 }
  const audit = auditEntry(ctx, actor, {
    action: 'retention.change',
    target: RETENTION,
    fleetId: null,
    reason,
    before: shown(before),
    after: value,
  })
  const saved = await ctx.storage.settings.save(RETENTION, { version: next.version, value }, audit)
  if (saved === 'stale') throw new ApplicationError('stale_version')
  return next
}
