import { createHmac, randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { Heartbeat, HEARTBEAT_LOOKED_AT_EVERY_MS } from './application/alerts/heartbeat.ts'
import type { AuthSettings } from './application/access/auth-settings.ts'
import { createOidc } from './application/access/oidc.ts'
import { prepareSetUp } from './application/access/set-up.ts'
import { DENIALS_WRITTEN_EVERY_MS, writeDenials } from './application/audit/denials.ts'
import { OVERRIDES_LOOKED_AT_EVERY_MS } from './application/breakers/overrides.ts'
import { STORAGE_TRIED_EVERY_MS, tryStorage } from './application/breakers/try-storage.ts'
import type { Context } from './application/context.ts'
import { CONTACTS_WRITTEN_EVERY_MS } from './application/devices/contacts.ts'
import { EgressGuard } from './application/egress/egress-guard.ts'
import type { Egress } from './application/egress/post-json.ts'
import { createEgress } from './application/egress/post-json.ts'
import { createContext } from './application/create-context.ts'
import { FLEETS_LOOKED_AT_EVERY_MS, forgetRemovedFleets } from './application/fleets/forget-fleets.ts'
import { jsonLog } from './application/json-log.ts'
import { LEADER_TURN_MS, Leader, PARTITIONS_AHEAD_DAYS } from './application/leader.ts'
import {
  lookForOperations,
  OPERATIONS_LOOKED_AT_EVERY_MS,
  stopOperations,
} from './application/operations/run-operations.ts'
import { NOTICES_LOOKED_AT_EVERY_MS, Notifier } from './application/notifications/run-notifications.ts'
import { hearOthers } from './application/sync/hear-others.ts'
import { pollHeads } from './application/sync/poll-heads.ts'
import { OtlpExport } from './application/telemetry/otlp-export.ts'
import { createMetrics } from './application/telemetry/prometheus.ts'
import { startTicker } from './application/ticker.ts'
import type { Env, OtlpTarget } from './env.ts'
import { EnvError, readEnv, tellNextAuth } from './env.ts'
import { mayReadMetrics } from './http/may-read-metrics.ts'
import { metricsHandler } from './http/metrics.ts'
import type { NodeListener } from './http/node-listener.ts'
import { createNodeListener } from './http/node-listener.ts'
import type { Router } from './http/router.ts'
import { createRouter } from './http/router.ts'
import { uuidv7 } from './kernel/uuid.ts'
import type { Storage } from './storage/ports.ts'
import { requireNoRestoreOf } from './storage/prisma/no-restore.ts'
import { openPostgresStorage } from './storage/prisma/open-postgres-storage.ts'

/** The composed application of this process. */
export interface App {
  readonly ctx: Context
  readonly auth: AuthSettings
  readonly router: Router
  readonly listener: NodeListener
  /** Stops the periodic work, writes the last counts, closes the database. */
  close(): Promise<void>
}

const COUNTS_FLUSHED_EVERY_MS = 1_000
const HEADS_POLLED_EVERY_MS = 3_000
const JOURNAL_WRITTEN_EVERY_MS = 2_000

/** Next evaluates a module more than once in one process: what must be one lives here. */
const shared = globalThis as unknown as Record<symbol, unknown>
const APP = Symbol.for('tidemark.app')
const DRAINING = Symbol.for('tidemark.draining')

/** The application of this process, composed at the first call. A failure is not kept: the next call tries again. */
export function compose(): Promise<App> {
  const known = shared[APP] as Promise<App> | undefined
  if (known) return known
  const made = open(readEnv())
  shared[APP] = made
  made.catch(() => delete shared[APP])
  return made
}

async function open(env: Env): Promise<App> {
  tellNextAuth(`${env.origin}/api/auth`)
  const secret = Buffer.from(env.secret)
  const storage = await openStorage(env, secret)
  // Before the first request: rows of a day without a partition would land in the default one.
  await storage.maintenance.ensurePartitions(Date.now(), PARTITIONS_AHEAD_DAYS)
  const metrics = createMetrics()
  const macKey = createHmac('sha256', secret).update('sync-token').digest()
  const ctx = createContext({
    storage,
    clock: { now: Date.now },
    random: Math.random,
    ids: () => uuidv7(Date.now(), Math.random),
    secret,
    mac: (bytes) => createHmac('sha256', macKey).update(bytes).digest(),
    log: jsonLog((line) => void process.stderr.write(line), Date.now),
    egress: createEgress(egressGuard(env), undefined, new Map(Object.entries(env.scrapeAuthorizations))),
    metrics,
    processId: randomUUID(),
    processName: `${hostname()}-${process.pid}`,
    origin: env.origin,
  })
  for (const { id } of await storage.fleets.list()) metrics.addFleet(id)
  // What people hold shut is shut from the first request on (BR4).
  await ctx.overrides.look()
  await announceSetUp(ctx, env)
  const router = createRouter({
    ctx,
    metrics: metricsHandler(metrics, mayReadMetrics(ctx, env.metricsPublic)),
    isDraining: () => shared[DRAINING] === true,
  })
  const stop = startTickers(ctx)
  const stopSending = env.otlp ? startSending(ctx, env.otlp) : null
  const stopBeating = env.heartbeatUrl === null ? null : startHeartbeat(ctx, env.heartbeatUrl)
  const stopHearing = hearOthers(ctx)
  return {
    ctx,
    auth: {
      origin: env.origin,
      secret: env.secret,
      oidc: env.oidc && createOidc(env.oidc, egressTo(env.oidc.issuer, env.egressAllow), ctx.clock),
    },
    router,
    listener: createNodeListener(router),
    close: once(async () => {
      await stop()
      await stopHearing()
      await stopSending?.()
      await stopBeating?.()
      await writeDenials(ctx, true)
      // With the database away the last second's counts and contacts are lost, and nothing else.
      const rest = [ctx.requests.flush(), ctx.contacts.flush(), ctx.journal.flush(ctx.clock.now())]
      for (const written of await Promise.allSettled(rest))
        if (written.status === 'rejected')
          ctx.log.warn('counts or contacts lost at the end', { error: String(written.reason) })
      await storage.close()
    }),
  }
}

/** Connected first and asked then: a restore that loads meanwhile sees us, or we see its mark. */
async function openStorage(env: Env, secret: Buffer): Promise<Storage> {
  const storage = await openPostgresStorage({ url: env.databaseUrl, secret }, env.directUrl)
  try {
    await requireNoRestoreOf(env.databaseUrl)
    return storage
  } catch (error) {
    await storage.close()
    throw error
  }
}

function egressGuard({ egressAllow }: Env): EgressGuard {
  try {
    return new EgressGuard(egressAllow)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new EnvError('TIDEMARK_EGRESS_ALLOW', `${error.message} is no host, address or block of addresses.`)
  }
}

/** A server may be told to stop twice. */
function once(end: () => Promise<void>): () => Promise<void> {
  let ended: Promise<void> | null = null
  return () => (ended ??= end())
}

async function announceSetUp(ctx: Context, env: Env): Promise<void> {
  const setUp = await prepareSetUp(ctx, { email: env.adminEmail, password: env.adminPassword })
  if (setUp.kind === 'done')
    console.log(
      `Sign in at ${env.origin}/sign-in; a link for it: npm run tidemark -- user link --email YOURS`,
    )
  if (setUp.kind === 'link')
    console.log(`Set up the first administrator (works once, 30 minutes): ${env.origin}${setUp.path}`)
}

function startTickers(ctx: Context): () => Promise<void> {
  const leader = new Leader(ctx)
  const notifier = new Notifier(ctx)
  const tickers = [
    startTicker('counts', COUNTS_FLUSHED_EVERY_MS, ctx.log, () => ctx.requests.flush()),
    startTicker('contacts', CONTACTS_WRITTEN_EVERY_MS, ctx.log, () => ctx.contacts.flush()),
    startTicker('leader', LEADER_TURN_MS, ctx.log, () => leader.turn()),
    startTicker('heads', HEADS_POLLED_EVERY_MS, ctx.log, () => pollHeads(ctx)),
    startTicker('fleets', FLEETS_LOOKED_AT_EVERY_MS, ctx.log, () => forgetRemovedFleets(ctx)),
    startTicker('operations', OPERATIONS_LOOKED_AT_EVERY_MS, ctx.log, () => lookForOperations(ctx)),
    startTicker('overrides', OVERRIDES_LOOKED_AT_EVERY_MS, ctx.log, () => ctx.overrides.look()),
    startTicker('journal', JOURNAL_WRITTEN_EVERY_MS, ctx.log, () => ctx.journal.flush(ctx.clock.now())),
    startTicker('notices', NOTICES_LOOKED_AT_EVERY_MS, ctx.log, () => notifier.look()),
    startTicker('denials', DENIALS_WRITTEN_EVERY_MS, ctx.log, () => writeDenials(ctx)),
    startTicker('storage', STORAGE_TRIED_EVERY_MS, ctx.log, () => tryStorage(ctx)),
  ]
  return async () => {
    await Promise.all(tickers.map((ticker) => ticker.stop()))
    await leader.idle()
    await stopOperations(ctx)
    await notifier.stop()
  }
}

function startHeartbeat(ctx: Context, url: string): () => Promise<void> {
  const heartbeat = new Heartbeat({ ...ctx, egress: egressTo(url) }, url)
  const ticker = startTicker('heartbeat', HEARTBEAT_LOOKED_AT_EVERY_MS, ctx.log, () => heartbeat.beat())
  return () => ticker.stop()
}

/** Of a receiver that a variable names: that is the operator's word for it, so it needs no other allowlist. */
function egressTo(url: string, others: readonly string[] = []): Egress {
  const { hostname, port, protocol } = new URL(url)
  const own = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
  return createEgress(new EgressGuard([own, ...others]))
}

function startSending(ctx: Context, target: OtlpTarget): () => Promise<void> {
  const sending = new OtlpExport(
    { ...ctx, egress: egressTo(target.url) },
    { ...target, startedMs: Date.now() },
  )
  const ticker = startTicker('otlp', target.everyMs, ctx.log, () => sending.send())
  return async () => {
    await ticker.stop()
    await sending.send()
  }
}
