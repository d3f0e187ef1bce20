import { z } from 'zod'
import type { Override } from '#lib/engine/breaker/override.ts'
import {
  APPROVED_WITHIN_MS,
  EXPIRES_AFTER_DEFAULT_MS,
  EXPIRES_AFTER_MAX_MS,
  liveAt,
  phaseOf,
} from '#lib/engine/breaker/override.ts'
import { UNTYPED_MAX } from '#lib/protocol/limits.ts'
import { isoTime } from '#lib/protocol/mutation.ts'
import type { BreakerControl } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { affectedBy } from './affected.ts'
import type { BreakerInput } from './control.ts'
import {
  commandedScope,
  controlSeen,
  controlVersion,
  overrideReason,
  personOf,
  saveControl,
} from './control.ts'
import type { Scope } from './scopes.ts'
import { needsSecondPerson } from './second-person.ts'

const lengthMs = z.int().min(1).max(EXPIRES_AFTER_MAX_MS)
export const overrideInput = z.strictObject({
  kind: z.enum(['forced_open', 'forced_closed', 'metrics_only']),
  reason: overrideReason,
  /** Left out: an hour after it starts. At most a day after. */
  expiresAt: isoTime.optional(),
  /** The same by the server's clock, whatever that of who asks says: so long after it starts. */
  lastsMs: lengthMs.optional(),
  /** Left out: now. */
  startsAt: isoTime.optional(),
  /** The same by the server's clock: so long from now. */
  startsInMs: z.int().min(0).max(EXPIRES_AFTER_MAX_MS).optional(),
  /** Takes effect without the second person that it would need: marked in the audit log. */
  breakGlass: z.boolean().optional(),
  /** How many devices it meets, as a person typed it; of 1,000 and more it must be given. */
  devices: z.int().min(0).optional(),
  version: controlVersion,
})

/**
 * POST /breakers/:scope/override: a person takes the lever (BR4). What needs a second person waits for one, and whatever holds
 * the scope holds it until then; anything else takes its place at once, or when it starts.
 * @throws ApplicationError `not_found`, `forbidden`, `bad_request`, `stale_version`, `count_changed`
 */
export async function forceBreaker(ctx: Context, input: BreakerInput): Promise<BreakerControl> {
  const { actor } = input
  const scope = await commandedScope(ctx, input, 'operator')
  const { version, ...asked } = parsedOrThrow(overrideInput, input.body)
  const before = await controlSeen(ctx, scope, version)
  const nowMs = ctx.clock.now()
  const times = timesOf(asked, nowMs)
  const breakGlass = asked.breakGlass ?? false
  const needsApproval = !breakGlass && (await needsSecondPerson(ctx, scope, asked.kind))
  // What waits for a second person meets nobody yet.
  if (!needsApproval) await confirmedOrThrow(ctx, scope, asked.devices)
  const override: Override = {
    id: ctx.ids(),
    kind: asked.kind,
    reason: asked.reason,
    by: personOf(actor),
    askedAtMs: nowMs,
    ...times,
    approval: needsApproval ? { untilMs: nowMs + APPROVED_WITHIN_MS, by: null, atMs: null } : null,
    breakGlass,
    endedAtMs: null,
  }
  return saveControl(ctx, {
    before,
    next: { overrides: withNext(before.overrides, override, nowMs) },
    actor,
    action: breakGlass ? 'breaker.break_glass' : needsApproval ? 'breaker.ask' : `breaker.${asked.kind}`,
    reason: asked.reason,
  })
}

/** Devices come and go while somebody types how many they are. */
const DEVICES_MORE_MAX = 0.1

/** @throws ApplicationError `bad_request` where nobody said how many it meets, `count_changed` where it meets many more */
async function confirmedOrThrow(ctx: Context, scope: Scope, said: number | undefined): Promise<void> {
  const { devices } = await affectedBy(ctx, scope)
  if (devices <= UNTYPED_MAX.devices) return
  if (said === undefined)
    throw badRequest([
      { path: '/devices', message: `must be ${devices}, the number of devices that it meets, or nearly so` },
    ])
  if (devices > said * (1 + DEVICES_MORE_MAX))
    throw new ApplicationError('count_changed', { extra: { matched: devices } })
}

/** What holds, what is to begin, and what waits for somebody stand beside each other, one of each: the newest. */
export const withNext = (
  overrides: readonly Override[],
  next: Override,
  nowMs: number,
): readonly Override[] => {
  const phase = phaseOf(next, nowMs)
  return [...liveAt(overrides, nowMs).filter((one) => phaseOf(one, nowMs) !== phase), next]
}

type Times = Pick<z.output<typeof overrideInput>, 'startsAt' | 'startsInMs' | 'expiresAt' | 'lastsMs'>

/** @throws ApplicationError `bad_request` */
function timesOf(
  { startsAt, startsInMs, expiresAt, lastsMs }: Times,
  nowMs: number,
): Pick<Override, 'startsAtMs' | 'expiresAtMs'> {
  const startsAtMs = Math.max(nowMs, instantOf('startsAt', startsAt, startsInMs, nowMs) ?? nowMs)
  const expiresAtMs =
    instantOf('expiresAt', expiresAt, lastsMs, startsAtMs) ?? startsAtMs + EXPIRES_AFTER_DEFAULT_MS
  if (startsAtMs - nowMs > EXPIRES_AFTER_MAX_MS)
    throw badRequest([{ path: '/startsAt', message: 'is more than a day ahead' }])
  if (expiresAtMs <= startsAtMs) throw badRequest([{ path: '/expiresAt', message: 'is not after its start' }])
  if (expiresAtMs - startsAtMs > EXPIRES_AFTER_MAX_MS)
    throw badRequest([{ path: '/expiresAt', message: 'is more than a day after its start' }])
  return { startsAtMs, expiresAtMs }
}

/** A time that is told as one, or as so long after another. @throws ApplicationError `bad_request` */
export function instantOf(
  path: string,
  told: string | undefined,
  afterMs: number | undefined,
  sinceMs: number,
): number | null {
  if (told !== undefined && afterMs !== undefined)
    throw badRequest([{ path: `/${path}`, message: 'is told twice, as a time and as a length' }])
  if (told !== undefined) return Date.parse(told)
  return afterMs === undefined ? null : sinceMs + afterMs
}
