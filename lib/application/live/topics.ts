import { isStopped } from '#lib/application/alerts/alert-status.ts'
import { standingOf } from '#lib/application/breakers/list-breakers.ts'
import { ENGINE_SCOPE, fleetOfScope } from '#lib/application/breakers/scopes.ts'
import type { Surroundings } from '#lib/application/context.ts'
import type { SeenProcess } from '#lib/storage/ports.ts'

/** What the console shows, by what it would have to read again. */
export const TOPICS = [
  'pillars',
  'sessions',
  'devices',
  'dead-letters',
  'operations',
  'collections',
  'breakers',
  'alerts',
] as const
export type Topic = (typeof TOPICS)[number]

/** One short text for each topic, which is another one after a change. */
export type Marks = Readonly<Record<Topic, string>>

/**
 * Reads the marks of a fleet from the database, so that changes made by any process are seen. A few indexed rows:
 * it runs each second for every fleet that somebody looks at.
 */
export async function readMarks(
  ctx: Pick<Surroundings, 'storage' | 'clock'>,
  fleetId: string,
): Promise<Marks> {
  const newest = { limit: 1, cursor: null }
  const { storage } = ctx
  const [
    unfoldedMs,
    sessions,
    devices,
    openLetters,
    letters,
    saidOfGroups,
    operations,
    fleet,
    processes,
    alerts,
    round,
  ] = await Promise.all([
    storage.telemetry.oldestUnfoldedMs(fleetId),
    storage.sessions.list(fleetId, EVERY_SESSION, newest),
    storage.devices.list(fleetId, EVERY_DEVICE, { sort: 'contact', limit: 1, after: null }),
    storage.deadLetters.countOpen(fleetId),
    storage.deadLetters.list(fleetId, EVERY_LETTER, newest),
    storage.letterGroups.mark(fleetId),
    storage.operations.mark(fleetId),
    storage.fleets.get(fleetId),
    storage.breakers.processes(),
    storage.alerts.mark(fleetId),
    storage.alerts.lastRound(),
  ])
  return {
    // It moves on with each fold, and ends at null when all is folded.
    pillars: String(unfoldedMs),
    sessions: String(sessions.items[0]?.sessionId),
    devices: `${devices.items[0]?.id} ${devices.items[0]?.lastContactMs}`,
    'dead-letters': `${openLetters} ${letters.items[0]?.id} ${letters.items[0]?.lastReplay?.atMs} ${saidOfGroups}`,
    operations,
    // Raised by every change of a collection, or of the fleet's settings.
    collections: String(fleet?.configVersion),
    breakers: markOfProcesses(processes, fleetId),
    // That nobody looks any more leaves no other trace.
    alerts: `${alerts} ${isStopped(round, fleetId, ctx.clock.now())}`,
  }
}

/** What processes run and hold, whether they still tell, and what they shed: an open breaker leaves no other trace. */
function markOfProcesses(processes: readonly SeenProcess[], fleetId: string): string {
  const told = processes.map((process) => [
    process.revision,
    standingOf(process, processes, 0),
    Object.entries(process.scopes).flatMap(([scope, { state, shed }]) =>
      scope === ENGINE_SCOPE || fleetOfScope(scope) === fleetId ? [scope, state, shed] : [],
    ),
  ])
  return JSON.stringify(told)
}

export const changedTopics = (before: Marks, after: Marks): readonly Topic[] =>
  TOPICS.filter((topic) => before[topic] !== after[topic])

/** The last time that every storage can hold: the end of the year 9999. */
const LATEST_MS = 253_402_300_799_999

const EVERY_SESSION = { fromMs: 0, toMs: LATEST_MS, conditions: [] }
/** By last contact, which the marks tell. */
const EVERY_DEVICE = { fromMs: null, toMs: null, conditions: [], nowMs: 0, intervalMs: 0 }
const EVERY_LETTER = { conditions: [] }
