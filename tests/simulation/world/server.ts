import { hash } from 'node:crypto'
import type { Context } from '#lib/application/context.ts'
import { createContext } from '#lib/application/create-context.ts'
import { Leader } from '#lib/application/leader.ts'
import { hearOthers } from '#lib/application/sync/hear-others.ts'
import { SharedPages } from '#lib/application/sync/shared-pages.ts'
import type { Metrics } from '#lib/application/telemetry/prometheus.ts'
import type { Router } from '#lib/http/router.ts'
import { createRouter } from '#lib/http/router.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { Storage } from '#lib/storage/ports.ts'
import type { Chance } from './chance.ts'

const SECRET = Buffer.alloc(32, 7)
/** Nobody forges in a run: half the cost of an HMAC. */
const mac = (bytes: Uint8Array): Uint8Array => hash('sha256', Buffer.concat([SECRET, bytes]), 'buffer')

const nothing = (): void => undefined
/** Nobody scrapes a simulated process. */
const METRICS: Metrics = {
  addFleet: nothing,
  observeEvent: nothing,
  observeUnauthenticated: nothing,
  observeCountsLost: nothing,
  observeReplay: nothing,
  showBreaker: nothing,
  observeIngested: nothing,
  observeStateCheck: nothing,
  beat: nothing,
  fleets: () => [],
  forgetVersion: nothing,
  removeFleet: async () => undefined,
  series: () => Promise.resolve([]),
  render: async () => ({ contentType: '', body: '' }),
  showSnapshot: nothing,
  showFoldLag: nothing,
  showAlerts: nothing,
  showThresholds: nothing,
  showAuditEntries: nothing,
  hideLeaderGauges: nothing,
}

export interface ServerParts {
  readonly index: number
  readonly storage: Storage
  readonly nowMs: () => number
  readonly chance: Chance
  readonly onError: (message: string) => void
}

/** One life of one server process: the application as the router serves it. */
export interface ServerLife {
  readonly ctx: Context
  readonly router: Router
  readonly leader: Leader
  isDead: boolean
  /** What breaks off when the process dies: its open connections. */
  readonly connections: Set<() => void>
}

export function startServer({ index, storage, nowMs, chance, onError }: ServerParts): ServerLife {
  const ids = (): string => uuidv7(nowMs(), chance.random)
  const context = createContext({
    storage,
    clock: { now: nowMs },
    random: chance.random,
    ids,
    secret: SECRET,
    mac,
    log: {
      info: nothing,
      warn: nothing,
      error: (message, fields) => onError(`server ${index}: ${message} ${JSON.stringify(fields ?? {})}`),
    },
    egress: {
      refusal: () => null,
      postJson: async () => ({ ok: false, error: 'no backend in a simulation' }),
      get: async () => ({ ok: false, error: 'no engine of others in a simulation' }),
      placeOf: async () => ({ ok: false, error: 'no mail in a simulation' }),
    },
    metrics: METRICS,
    processId: `process-${index}`,
    processName: 'test',
    origin: 'http://127.0.0.1:3000',
  })
  // Texts of a run are short: they are told by what came to them whatever their length.
  const ctx = { ...context, pages: new SharedPages({ storage, textsFromChars: 0 }) }
  // A dead process hears on, and nobody asks it; after a restore of the database nobody is heard any more.
  hearOthers(ctx)
  const metrics = async (): Promise<Response> => new Response('')
  const router = createRouter({ ctx, metrics, isDraining: () => false })
  return { ctx, router, leader: new Leader(ctx), isDead: false, connections: new Set() }
}
