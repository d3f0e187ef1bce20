import type { ConflictKey } from '#lib/query/conflict-fields.ts'
import { isAmong } from '#lib/query/field.ts'
import type { Collection, Device, Fleet } from '#lib/storage/ports.ts'
import { diagnose } from '#lib/telemetry/diagnosis/diagnose.ts'
import { holdingAt } from '#lib/engine/breaker/override.ts'
import type { BreakerEvidence, Diagnosis, Evidence } from '#lib/telemetry/diagnosis/evidence.ts'
import { answered } from '#lib/telemetry/diagnosis/pace.ts'
import { asks } from '#lib/query/letter-fields.ts'
import { authorize } from '../access/authorize.ts'
import type { BreakerSnapshot } from '../breakers/breakers.ts'
import { shuts } from '../breakers/is-shut.ts'
import {
  ENGINE_SCOPE,
  collectionOfScope,
  fleetOfScope,
  nameOfScope,
  versionOfScope,
} from '../breakers/scopes.ts'
import type { Actor, Context } from '../context.ts'
import { letterMasks } from '../dead-letters/letter-masks.ts'
import { ApplicationError } from '../errors.ts'
import { limitsOfFleet } from '../fleets/fleet-input.ts'
import { shownDevice, type ShownDevice } from './get-device.ts'

export type { Diagnosis, DiagnosisTarget, NextAction } from '#lib/telemetry/diagnosis/evidence.ts'

/** How far back a diagnosis looks at sessions, and at most so many of the device and of its fleet. */
const SESSIONS_SINCE_MS = 7 * 86_400_000
const SESSIONS_READ_MAX = 50
const OTHERS_SINCE_MS = 3_600_000
const OTHERS_READ_MAX = 50
/** After a day the server tells of them itself. */
const UNREPORTED_SINCE_MS = 86_400_000
const UNREPORTED_READ_MAX = 10
const OPEN_READ_MAX = 10
const TRIES_READ_MAX = 10

type Read = Pick<Context, 'storage' | 'clock' | 'breakers' | 'overrides' | 'secret'>
interface Input {
  readonly actor: Actor
  readonly fleetId: string
  readonly id: string
}

/**
 * GET /devices/:id/diagnosis: why a device is stuck. Breakers are those that the process
 * which is asked sees (SPEC, BR6). @throws ApplicationError `not_found`
 */
export async function diagnoseDevice(ctx: Read, input: Input): Promise<Diagnosis> {
  return diagnose(await readEvidence(ctx, input))
}

/** The same with the device that it is about, both of one moment. @throws ApplicationError `not_found` */
export async function diagnosedDevice(
  ctx: Read,
  input: Input,
): Promise<{ readonly device: ShownDevice; readonly diagnosis: Diagnosis }> {
  const evidence = await readEvidence(ctx, input)
  const { device, nowMs, intervalMs } = evidence
  return { device: shownDevice(device, nowMs, intervalMs), diagnosis: diagnose(evidence) }
}

/** One bounded read of what a diagnosis rests on. */
async function readEvidence(
  ctx: Read,
  { actor, fleetId, id }: Input,
): Promise<Evidence & { readonly device: Device }> {
  authorize(actor, fleetId, 'viewer')
  const { storage } = ctx
  const nowMs = ctx.clock.now()
  const [fleet, device] = await Promise.all([storage.fleets.get(fleetId), storage.devices.get(fleetId, id)])
  if (!fleet || !device) throw new ApplicationError('not_found')
  const open = { limit: OPEN_READ_MAX, cursor: null }
  const [sessions, fleetSessions, letters, masks, conflicts, unreported, tries, turn, collections] =
    await Promise.all([
      storage.sessions.list(fleetId, sessionsOf(nowMs, SESSIONS_SINCE_MS, id), {
        limit: SESSIONS_READ_MAX,
        cursor: null,
      }),
      storage.sessions.list(fleetId, sessionsOf(nowMs, OTHERS_SINCE_MS, null), {
        limit: OTHERS_READ_MAX,
        cursor: null,
      }),
      storage.deadLetters.list(fleetId, openLetters(id), open),
      letterMasks(ctx, fleetId),
      storage.conflicts.list(fleetId, openConflicts(id), open),
      storage.sessions.unreported(fleetId, id, nowMs - UNREPORTED_SINCE_MS, UNREPORTED_READ_MAX),
      storage.devices.failedTries(fleetId, id, TRIES_READ_MAX),
      storage.sync.fullSyncTurn(fleetId, id, nowMs),
      storage.collections.list(fleetId),
    ])
  // Those of another engine waited for another server.
  const others = fleetSessions.items.filter(
    ({ deviceId, source }) => deviceId !== id && source === device.source,
  )
  return {
    nowMs,
    intervalMs: fleet.settings.intervalMs,
    limits: limitsOfFleet(fleet),
    minAppVersion: fleet.settings.minAppVersion,
    device,
    sessions: sessions.items,
    letters: { items: letters.items.map(masks.letter), more: letters.next !== null },
    conflicts: { items: conflicts.items, more: conflicts.next !== null },
    unreported,
    tries,
    turn,
    breakers: breakersOf(ctx, fleet, collections, nowMs),
    others: answered(others.flatMap(({ attempts }) => attempts)),
  }
}

const sessionsOf = (nowMs: number, sinceMs: number, deviceId: string | null) => ({
  fromMs: nowMs - sinceMs,
  // A device's clock may have told an end that is still to come.
  toMs: nowMs + sinceMs,
  conditions:
    deviceId === null
      ? []
      : [{ kind: 'is' as const, key: 'device' as const, not: false, values: [deviceId] }],
})
const openLetters = (deviceId: string) => ({
  conditions: [asks('status', 'open'), asks('device', deviceId)],
})
const openConflicts = (deviceId: string) => ({
  conditions: [isAmong<ConflictKey>('status', 'open'), isAmong<ConflictKey>('device', deviceId)],
  sort: 'newest' as const,
})

/** Those that keep somebody of the fleet out. A scope of a collection that is no more shuts nothing. */
function breakersOf(
  ctx: Read,
  fleet: Fleet,
  collections: readonly Collection[],
  nowMs: number,
): readonly BreakerEvidence[] {
  const byName = new Map(collections.map((collection) => [collection.name, collection]))
  return ctx.breakers
    .list((scope) => scope === ENGINE_SCOPE || fleetOfScope(scope) === fleet.id)
    .filter(({ state }) => shuts(state))
    .flatMap((breaker: BreakerSnapshot): BreakerEvidence[] => {
      const { scope, state, trips, retryAfterMs } = breaker
      const named = collectionOfScope(scope)
      const collection = named === null ? null : byName.get(named)
      if (collection === undefined) return []
      const said = state === 'forced_open' ? holdingAt(ctx.overrides.of(scope)?.overrides ?? [], nowMs) : null
      return [
        {
          scope,
          name: nameOfScope(scope),
          collection: collection && { id: collection.id, name: collection.name },
          appVersion: versionOfScope(scope),
          held: said && { by: said.by.name, reason: said.reason, endsAtMs: said.expiresAtMs },
          sinceMs: said?.startsAtMs ?? trips.at(-1)?.atMs ?? null,
          retryAfterMs,
        },
      ]
    })
}
