import { NOTIFICATION_LIFE_MS } from '#lib/protocol/limits.ts'
import { EVALUATED_EVERY_MS } from './alerts/evaluate-fleet.ts'
import { HEAD_TOLD_EVERY_MS, tellHead } from './audit/tell-head.ts'
import { BREAKER_LIFE_MS } from './breakers/journal.ts'
import type { Context } from './context.ts'
import { purgeLetters } from './dead-letters/purge-letters.ts'
import { watchSchemaAhead } from './dead-letters/watch-schema-ahead.ts'
import { tellUntoldDevices } from './devices/tell-letters.ts'
import { inEachFleet } from './fleets/in-each-fleet.ts'
import { scrapeDue } from './ingest/scrape.ts'
import { cancelOldDrafts, purgeOperations } from './operations/purge-operations.ts'
import { AGAIN, Periodic } from './periodic.ts'
import { keepOf, readRetention } from './retention/retention.ts'
import { inferAbandoned } from './sessions/infer-abandoned.ts'
import { fillMerged } from './telemetry/fill-merged.ts'
import { foldEvents } from './telemetry/fold-events.ts'
import { showThresholds } from './telemetry/show-thresholds.ts'
import { snapshotGauges } from './telemetry/snapshot-gauges.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000

/** Losing the leader costs one lease. */
export const LEASE_MS = 15 * SECOND_MS
export const LEADER_TURN_MS = 2 * SECOND_MS
const LEASE_NAME = 'leader'

export const PARTITIONS_AHEAD_DAYS = 7
const RETENTION_BATCH = 5_000
/** Batches of one table in one run; what is left goes on at the leader's next turn. */
export const RETENTION_ROUNDS = 20
const BATCHES = { size: RETENTION_BATCH, rounds: RETENTION_ROUNDS }

interface Task {
  readonly name: string
  readonly everyMs: number
  /** @param startedMs in the period that the run is for, however long it takes */
  readonly run: (ctx: Context, startedMs: number) => Promise<unknown>
}

/** What one process does for all. Each may be repeated, also by two leaders at once. */
const TASKS: readonly Task[] = [
  { name: 'fold', everyMs: LEADER_TURN_MS, run: fold },
  {
    name: 'statistics',
    everyMs: LEADER_TURN_MS,
    run: (ctx) => ctx.storage.maintenance.analyzeGrown(),
  },
  {
    name: 'merged',
    everyMs: 10 * MINUTE_MS,
    run: async (ctx) => ((await fillMerged(ctx)) ? AGAIN : undefined),
  },
  { name: 'gauges', everyMs: MINUTE_MS, run: showGauges },
  { name: 'thresholds', everyMs: MINUTE_MS, run: (ctx) => inEachFleet(ctx, (id) => showThresholds(ctx, id)) },
  {
    name: 'schema-ahead',
    everyMs: 10 * SECOND_MS,
    run: (ctx) => inEachFleet(ctx, (id) => watchSchemaAhead(ctx, id)),
  },
  {
    name: 'letter-news',
    everyMs: 10 * SECOND_MS,
    run: (ctx) => inEachFleet(ctx, (id) => tellUntoldDevices(ctx, id)),
  },
  { name: 'alerts', everyMs: EVALUATED_EVERY_MS, run: (ctx) => ctx.alertRounds.run() },
  { name: 'scrape', everyMs: 5 * SECOND_MS, run: scrapeDue },
  { name: 'abandoned', everyMs: 10 * MINUTE_MS, run: inferAbandoned },
  { name: 'removed', everyMs: MINUTE_MS, run: purgeRemoved },
  { name: 'letters', everyMs: 60 * MINUTE_MS, run: purgeClosedLetters },
  { name: 'operations', everyMs: 60 * MINUTE_MS, run: purgeEndedOperations },
  { name: 'breakers', everyMs: 10 * MINUTE_MS, run: expireBreakers },
  { name: 'notifications', everyMs: 60 * MINUTE_MS, run: expireNotifications },
  { name: 'audit-head', everyMs: HEAD_TOLD_EVERY_MS, run: tellHead },
  { name: 'partitions', everyMs: 60 * MINUTE_MS, run: keepPartitions },
]

/** The periodic work of a leader; `turn` is called every few seconds in every process. */
export class Leader {
  private readonly ctx: Context
  private readonly tasks: readonly Periodic[]
  private leads = false

  constructor(ctx: Context) {
    this.ctx = ctx
    this.tasks = TASKS.map(
      ({ name, everyMs, run }) =>
        new Periodic(everyMs, async (startedMs) => {
          const answer = await run(ctx, startedMs).catch((error: unknown) => this.tell(name, error))
          return answer === AGAIN ? AGAIN : undefined
        }),
    )
  }

  /** Takes or renews the lease, then starts what is due. A slow task holds up neither the lease nor the others. */
  async turn(): Promise<void> {
    const nowMs = this.ctx.clock.now()
    const { maintenance } = this.ctx.storage
    const leads = await maintenance.holdLease(LEASE_NAME, this.ctx.processId, nowMs, nowMs + LEASE_MS)
    if (this.leads && !leads) this.ctx.metrics.hideLeaderGauges()
    this.leads = leads
    // Who leads beats by what it has done (AlertRounds).
    if (!leads) return this.ctx.metrics.beat(nowMs)
    for (const task of this.tasks) task.startIfDue(nowMs)
  }

  /** Ends when the work under way has. */
  async idle(): Promise<void> {
    await Promise.all(this.tasks.map((task) => task.idle()))
  }

  private tell(task: string, error: unknown): never {
    const text = error instanceof Error ? error.message : String(error)
    this.ctx.log.error('a periodic task failed', { task, error: text })
    throw error
  }
}

/** How far a fleet is behind is shown all the more when it can't be folded. */
async function fold(ctx: Context): Promise<void> {
  try {
    await foldEvents(ctx)
  } finally {
    await inEachFleet(ctx, async (fleetId) => {
      const oldestMs = await ctx.storage.telemetry.oldestUnfoldedMs(fleetId)
      ctx.metrics.showFoldLag(fleetId, oldestMs === null ? 0 : Math.max(0, ctx.clock.now() - oldestMs))
    })
  }
}

function showGauges(ctx: Context, startedMs: number): Promise<void> {
  return inEachFleet(ctx, async (fleetId) =>
    ctx.metrics.showSnapshot(fleetId, await snapshotGauges(ctx, fleetId, startedMs)),
  )
}

async function purgeRemoved(ctx: Context): Promise<typeof AGAIN | undefined> {
  const fleets = await ctx.storage.maintenance.purgeRemovedFleets(ctx.clock.now(), BATCHES)
  let isMore = fleets.more
  await inEachFleet(ctx, async (fleetId) => {
    const { more } = await ctx.storage.maintenance.purgeRemoved(fleetId, BATCHES)
    isMore ||= more
  })
  return isMore ? AGAIN : undefined
}

async function purgeClosedLetters(ctx: Context): Promise<typeof AGAIN | undefined> {
  let isMore = false
  await inEachFleet(ctx, async (fleetId) => {
    if (await purgeLetters(ctx, fleetId)) isMore = true
  })
  return isMore ? AGAIN : undefined
}

async function purgeEndedOperations(ctx: Context): Promise<typeof AGAIN | undefined> {
  let isMore = false
  await inEachFleet(ctx, async (fleetId) => {
    await cancelOldDrafts(ctx, fleetId)
    if (await purgeOperations(ctx, fleetId)) isMore = true
  })
  return isMore ? AGAIN : undefined
}

/** What processes told of breakers: seconds for two days, changes for as long as events. */
async function expireBreakers(ctx: Context): Promise<typeof AGAIN | undefined> {
  const nowMs = ctx.clock.now()
  const { breakers } = ctx.storage
  const before = {
    minutesMs: nowMs - BREAKER_LIFE_MS.minute,
    changesMs: nowMs - BREAKER_LIFE_MS.change,
    seenMs: nowMs - BREAKER_LIFE_MS.process,
    saidMs: nowMs - BREAKER_LIFE_MS.control,
  }
  return (await breakers.expire(before, RETENTION_BATCH)) ? AGAIN : undefined
}

/** What was sent, and what is over, for as long as people ask about it. */
async function expireNotifications(ctx: Context): Promise<typeof AGAIN | undefined> {
  const beforeMs = ctx.clock.now() - NOTIFICATION_LIFE_MS
  return (await ctx.storage.notifications.expire(beforeMs, RETENTION_BATCH)) ? AGAIN : undefined
}

async function keepPartitions(ctx: Context): Promise<typeof AGAIN | undefined> {
  const nowMs = ctx.clock.now()
  const { maintenance } = ctx.storage
  const made = await maintenance.ensurePartitions(nowMs, PARTITIONS_AHEAD_DAYS)
  const keep = keepOf(await readRetention(ctx.storage))
  const { more } = await maintenance.applyRetention(nowMs, keep, BATCHES)
  const stray = await maintenance.strayRows()
  if (stray > 0 && !more) ctx.log.error('rows outside every partition', { stray })
  return more || !made ? AGAIN : undefined
}
