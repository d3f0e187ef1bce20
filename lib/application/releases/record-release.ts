import { z } from 'zod'
import { label } from '#lib/protocol/device.ts'
import { RELEASES_PER_FLEET_MAX } from '#lib/protocol/limits.ts'
import type { AppRelease } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'

const YEAR_MS = 366 * 86_400_000

export const releaseInput = z.strictObject({
  /** As devices tell it. */
  version: label(40).refine((text) => text.trim() === text && text !== '', 'must have no blank at its ends'),
  /** Left out: now. */
  releasedAtMs: z.int().positive().optional(),
  note: label(500).nullable().optional(),
})

/**
 * POST /releases: an app version was released, by a person or by what builds the app. Charts mark its time from then on.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `already_exists`
 */
export async function recordRelease(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<AppRelease> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const { version, releasedAtMs, note } = parsedOrThrow(releaseInput, input.body)
  const nowMs = ctx.clock.now()
  if (releasedAtMs !== undefined && releasedAtMs > nowMs + YEAR_MS)
    throw badRequest([{ path: '/releasedAtMs', message: 'is more than a year ahead' }])
  const release: AppRelease = {
    id: ctx.ids(),
    fleetId,
    version,
    releasedAtMs: releasedAtMs ?? nowMs,
    note: note ?? null,
    recordedBy: actor.name,
    createdAtMs: nowMs,
  }
  const after = { version, releasedAtMs: release.releasedAtMs, note: release.note }
  const audit = auditEntry(ctx, actor, { action: 'release.record', target: release.id, fleetId, after })
  const outcome = await ctx.storage.releases.add(release, RELEASES_PER_FLEET_MAX, audit)
  if (outcome === 'known') throw new ApplicationError('already_exists')
  if (outcome === 'full')
    throw badRequest([{ path: '', message: `a fleet has at most ${RELEASES_PER_FLEET_MAX} releases` }])
  return release
}
