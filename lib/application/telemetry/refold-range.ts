import { TIER_MS } from '#lib/rollups/bucket.ts'
import { fold } from '#lib/rollups/fold.ts'
import { auditEntry, SYSTEM } from '../access/audit-entry.ts'
import type { Context } from '../context.ts'
import { ApplicationError, badRequest } from '../errors.ts'
import { inEachFleet } from '../fleets/in-each-fleet.ts'

const HOUR = TIER_MS.hour
/** Events that are read and folded at once. */
export const REFOLD_PAGE = 2_000

export interface RefoldQuery {
  readonly fromMs: number
  readonly toMs: number
  /** Every fleet when it is left out. */
  readonly fleetId?: string | undefined
}
export interface Refolded {
  /** Whole hours around what was asked for, Unix ms. */
  readonly fromMs: number
  readonly toMs: number
  readonly fleets: number
  /** Slices of one fleet and hour. */
  readonly slices: number
  readonly events: number
}

/**
 * Folds the events of a range into their buckets anew, hour by hour, each in a transaction of its own: beside a running
 * server, and as often as one likes. What stops it leaves whole hours behind.
 * @param tell what each slice came to
 * @throws ApplicationError `not_found`, `bad_request` where the range is none, or reaches behind what events are kept of
 */
export async function refoldRange(
  ctx: Pick<Context, 'storage' | 'ids' | 'clock' | 'log'>,
  query: RefoldQuery,
  tell: (slice: { fleetId: string; fromMs: number; events: number }) => void = () => undefined,
): Promise<Refolded> {
  const fromMs = Math.floor(query.fromMs / HOUR) * HOUR
  const toMs = Math.ceil(query.toMs / HOUR) * HOUR
  const { storage } = ctx
  if (query.fleetId !== undefined && (await storage.fleets.get(query.fleetId)) === null)
    throw new ApplicationError('not_found', { detail: 'there is no such fleet' })
  if (fromMs >= toMs) throw badRequest([{ path: '/to', message: 'must be behind from' }])
  const wholeFromMs = await storage.maintenance.eventsWholeFromMs()
  if (fromMs < wholeFromMs) throw tooEarly(wholeFromMs)
  let [fleets, slices, events] = [0, 0, 0]
  const refold = async (fleetId: string): Promise<void> => {
    fleets += 1
    for (let atMs = fromMs; atMs < toMs; atMs += HOUR) {
      const folded = await storage.telemetry.refold(fleetId, atMs, atMs + HOUR, REFOLD_PAGE, fold)
      if (folded === null) throw tooEarly(await storage.maintenance.eventsWholeFromMs())
      slices += 1
      events += folded
      tell({ fleetId, fromMs: atMs, events: folded })
    }
  }
  if (query.fleetId === undefined) await inEachFleet(ctx, refold)
  else await refold(query.fleetId)
  const after = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), events }
  const details = { action: 'rollups.refold', target: 'rollups', fleetId: query.fleetId ?? null, after }
  await storage.audit.append(auditEntry(ctx, SYSTEM, details))
  return { fromMs, toMs, fleets, slices, events }
}

const tooEarly = (wholeFromMs: number) =>
  badRequest([
    {
      path: '/from',
      message: `events from before ${new Date(wholeFromMs).toISOString()} may be gone: their buckets would be emptied`,
    },
  ])
