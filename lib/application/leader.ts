import type { Context } from './context.ts'
import { replaySchemaAhead } from './dead-letters/replay-schema-ahead.ts'
import { inferAbandoned } from './sessions/infer-abandoned.ts'
import { foldEvents } from './telemetry/fold-events.ts'
import { snapshotGauges } from './telemetry/snapshot-gauges.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** Losing the leader costs one lease (decision 8). */
export const LEASE_MS = 15 * SECOND_MS
export const LEADER_TURN_MS = 2 * SECOND_MS
const LEASE_NAME = 'leader'

export const PARTITIONS_AHEAD_DAYS = 7
/** Events live as long as minute buckets can be folded again; sessions a quarter. */
const KEEP = { eventsMs: 35 * DAY_MS, sessionsMs: 90 * DAY_MS }
const RETENTION_BATCH = 5_000

interface Task {
  readonly name: string
  readonly everyMs: number
  readonly run: (ctx: Context) => Promise<unknown>
}

/** What one process does for all (decision 8). Each may be repeated, also by two leaders at once. */
const TASKS: readonly Task[] = [
  { name: 'fold', everyMs: LEADER_TURN_MS, run: fold },
  { name: 'gauges', everyMs: MINUTE_MS, run: showGauges },
  { name: 'schema-ahead', everyMs: 10 * SECOND_MS, run: inEachFleet(replaySchemaAhead) },
  { name: 'abandoned', everyMs: 10 * MINUTE_MS, run: inferAbandoned },
  { name: 'partitions', everyMs: 60 * MINUTE_MS, run: keepPartitions },
]

/** The periodic work of a leader; `turn` is called every few seconds in every process. */
export class Leader {
  private readonly ctx: Context
  private readonly lastMs = new Map<string, number>()
  private leads = false

  constructor(ctx: Context) {
    this.ctx = ctx
  }

  /** Takes or renews the lease, then does what is due. One task's failure doesn't stop the others. */
  async turn(): Promise<void> {
    const nowMs = this.ctx.clock.now()
    this.ctx.metrics.beat(nowMs)
    const { maintenance } = this.ctx.storage
    const leads = await maintenance.holdLease(LEASE_NAME, this.ctx.processId, nowMs, nowMs + LEASE_MS)
    if (this.leads && !leads) this.ctx.metrics.hideLeaderGauges()
    this.leads = leads
    if (!leads) return
    for (const task of TASKS) {
      if (nowMs - (this.lastMs.get(task.name) ?? 0) >= task.everyMs) await this.run(task, nowMs)
    }
  }

  private async run(task: Task, nowMs: number): Promise<void> {
    this.lastMs.set(task.name, nowMs)
    try {
      await task.run(this.ctx)
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      this.ctx.log.error('a periodic task failed', { task: task.name, error: text })
    }
  }
}

async function fold(ctx: Context): Promise<void> {
  await foldEvents(ctx)
  for (const { id } of await ctx.storage.fleets.list()) {
    const oldestMs = await ctx.storage.telemetry.oldestUnfoldedMs(id)
    ctx.metrics.showFoldLag(id, oldestMs === null ? 0 : Math.max(0, ctx.clock.now() - oldestMs))
  }
}

async function showGauges(ctx: Context): Promise<void> {
  for (const { id } of await ctx.storage.fleets.list())
    ctx.metrics.showSnapshot(id, await snapshotGauges(ctx, id))
}

async function keepPartitions(ctx: Context): Promise<void> {
  const nowMs = ctx.clock.now()
  await ctx.storage.maintenance.ensurePartitions(nowMs, PARTITIONS_AHEAD_DAYS)
  await ctx.storage.maintenance.applyRetention(nowMs, KEEP, RETENTION_BATCH)
  const stray = await ctx.storage.maintenance.strayRows()
  if (stray > 0) ctx.log.error('rows outside every partition', { stray })
}

function inEachFleet(verb: (ctx: Context, fleetId: string) => Promise<unknown>): Task['run'] {
  return async (ctx) => {
    for (const { id } of await ctx.storage.fleets.list()) await verb(ctx, id)
  }
}
