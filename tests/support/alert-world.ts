import { createContext } from '#lib/application/create-context.ts'
import type { Context } from '#lib/application/context.ts'
import { EVALUATED_EVERY_MS } from '#lib/application/alerts/evaluate-fleet.ts'
import { Leader } from '#lib/application/leader.ts'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { Notice, Storage } from '#lib/storage/ports.ts'
import type { Incident } from '#lib/telemetry/alerts/incident.ts'
import type { TelemetryPayload } from '#lib/telemetry/events.ts'
import { silentLog, testClock, type TestClock } from '#tests/support/access-world.ts'
import { LOOPBACK_EGRESS } from '#tests/support/device-world.ts'
import { pushedCollection, pushEvent } from '#tests/support/telemetry-fixtures.ts'

/** A process that leads, over memory and under a clock of its own. */
export interface AlertWorld {
  readonly ctx: Context
  readonly clock: TestClock
  readonly storage: Storage
  /** What was put into the outbox so far, in order. */
  readonly notices: () => readonly Notice[]
  /** Lets so much time pass, in evaluations; before each of them `each` is called. */
  readonly pass: (ms: number, each?: () => Promise<unknown>) => Promise<void>
  readonly tell: (fleetId: string, payload: TelemetryPayload) => Promise<void>
  /** As if it were killed and started again. */
  readonly restart: () => void
}

export function alertWorld(startMs = Date.UTC(2026, 5, 15, 9)): AlertWorld {
  const clock = testClock(startMs)
  const random = seededRandom(5)
  const notices: Notice[] = []
  const opened = openMemoryStorage({ nowMs: clock.now })
  const storage = noted(opened, notices)
  const surroundings = {
    storage,
    clock,
    random,
    ids: () => uuidv7(clock.now(), random),
    secret: new Uint8Array(32),
    mac: () => new Uint8Array(16),
    log: silentLog,
    metrics: createMetrics(),
    processId: 'one',
    processName: 'one',
    origin: 'http://127.0.0.1:3000',
    egress: LOOPBACK_EGRESS,
  }
  let ctx = createContext(surroundings)
  let leader = new Leader(ctx)
  let events = 0
  return {
    get ctx() {
      return ctx
    },
    clock,
    storage,
    notices: () => notices,
    pass: async (ms, each) => {
      for (let passed = 0; passed < ms; passed += EVALUATED_EVERY_MS) {
        await each?.()
        clock.advance(EVALUATED_EVERY_MS)
        await leader.turn()
        await leader.idle()
      }
    },
    tell: (fleetId, payload) =>
      storage.telemetry.append(fleetId, [{ id: `event ${(events += 1)}`, atMs: clock.now(), payload }]),
    restart: () => {
      ctx = createContext(surroundings)
      leader = new Leader(ctx)
    },
  }
}

/** The same storage, of which one sees what goes into the outbox. */
function noted(storage: Storage, notices: Notice[]): Storage {
  const { alerts } = storage
  return {
    ...storage,
    alerts: {
      ...alerts,
      commit: async (fleetId, commit) => {
        const outcome = await alerts.commit(fleetId, commit)
        if (outcome === 'committed') notices.push(...commit.notices)
        return outcome
      },
      changeIncident: (fleetId, id, change) =>
        alerts.changeIncident(fleetId, id, (incident) => {
          const changed = change(incident)
          notices.push(...changed.notices)
          return changed
        }),
    },
  }
}

/** A push of `applied` changes and as many dead letters as `dead`. */
export const pushOf = (applied: number, dead = 0, appVersion = '2.4.0'): TelemetryPayload =>
  pushEvent({
    appVersion,
    collections: {
      strikes: pushedCollection({
        results: { applied, ...(dead > 0 ? { dead_lettered: dead } : {}) },
        ...(dead > 0 ? { deadLetterCodes: { schema_mismatch: dead } } : {}),
        uploadLagMs: [],
      }),
    },
  })

/** An incident of which nothing fires any more. */
export const resolvedIncident = (fleetId: string, id: string, over: Partial<Incident> = {}): Incident => ({
  id,
  fleetId,
  number: 1,
  family: 'sync',
  subject: '["sync",null,null]',
  group: {},
  state: 'resolved',
  severity: 'critical',
  title: 'Dead letters grow: 31 dead letters new in 10 min, over 5',
  cause: null,
  link: null,
  openedAtMs: Date.UTC(2026, 5, 15, 9),
  resolvedAtMs: Date.UTC(2026, 5, 15, 10),
  alerts: [],
  toldSeverity: 'critical',
  ack: null,
  owner: null,
  version: 1,
  ...over,
})
