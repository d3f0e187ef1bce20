import type { AlertRound, OpenIncidents } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { EVALUATED_EVERY_MS } from './evaluate-fleet.ts'

/** So many rounds may fail or be late before the console says that nobody watches. */
const STOPPED_AFTER_MS = 4 * EVALUATED_EVERY_MS

type Looked = Pick<AlertRound, 'atMs' | 'failing'>

/** When a fleet was looked at last: its own evaluation may fail while those of others end well. Pure. */
const lookedAtMs = ({ atMs, failing }: Looked, fleetId: string): number =>
  failing.find((one) => one.fleetId === fleetId)?.sinceMs ?? atMs

/** Nobody evaluates this fleet, or has yet: no incident is no news then. Pure. */
export const isStopped = (round: Looked | null, fleetId: string, nowMs: number): boolean =>
  round === null || nowMs - lookedAtMs(round, fleetId) > STOPPED_AFTER_MS

/** What stands above every page: how many incidents are open, and whether anybody looks. Times in Unix ms. */
export interface AlertStatusView extends OpenIncidents {
  /** Of this fleet; null before the first round. */
  readonly evaluation: {
    readonly atMs: number
    readonly ageMs: number
    readonly tookMs: number
    /** Of the last round, over all fleets. */
    readonly fleetsFailed: number
  } | null
  /** Evaluation has stopped, or has not begun: no incident is no news then. */
  readonly stopped: boolean
}

/** GET /alerts/status. @throws ApplicationError `not_found` */
export async function alertStatus(
  { storage, clock }: Pick<Context, 'storage' | 'clock'>,
  { actor, fleetId }: { readonly actor: Actor; readonly fleetId: string },
): Promise<AlertStatusView> {
  authorize(actor, fleetId, 'viewer')
  const nowMs = clock.now()
  const [open, round] = await Promise.all([storage.alerts.openIncidents(fleetId), storage.alerts.lastRound()])
  const stopped = isStopped(round, fleetId, nowMs)
  if (round === null) return { ...open, evaluation: null, stopped }
  const { tookMs, failing } = round
  const atMs = lookedAtMs(round, fleetId)
  const ageMs = Math.max(0, nowMs - atMs)
  return {
    ...open,
    evaluation: { atMs, ageMs, tookMs, fleetsFailed: failing.length },
    stopped,
  }
}
