import { randomUUID } from 'node:crypto'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import type { Context } from '#lib/application/context.ts'
import { createChannel, type ChannelMade } from '#lib/application/notifications/create-channel.ts'
import { Notifier } from '#lib/application/notifications/run-notifications.ts'
import { NOTICE_GROUP_WAIT_MS } from '#lib/protocol/limits.ts'
import type { Delivery, Notice, Storage } from '#lib/storage/ports.ts'
import { operatorWorld, type OperatorWorld } from './operator-world.ts'

export interface NotifyWorld extends OperatorWorld {
  readonly notifier: Notifier
  /** Another process over the same storage and clock. */
  another(changes?: Partial<Context>): { readonly ctx: Context; readonly notifier: Notifier }
  /** A turn of the ticker, and all that it sends. */
  turn(): Promise<void>
  /** The same once the group wait is over. */
  told(): Promise<void>
  channel(body: Record<string, unknown>): Promise<ChannelMade>
  put(...notices: readonly Notice[]): Promise<void>
  log(channelId: string): Promise<readonly Delivery[]>
}

/** Notices over memory, under a clock that stands until a test moves it. */
export async function notifyWorld(storage?: Storage): Promise<NotifyWorld> {
  const world = await operatorWorld(storage)
  const { ctx, clock } = world
  const notifier = new Notifier(ctx)
  const turn = async () => {
    await notifier.look()
    await notifier.idle()
  }
  return {
    ...world,
    notifier,
    another: (changes = {}) => {
      const other: Context = { ...ctx, processId: randomUUID(), ...changes }
      return { ctx: other, notifier: new Notifier(other) }
    },
    turn,
    told: async () => {
      await turn()
      clock.advance(NOTICE_GROUP_WAIT_MS)
      await turn()
    },
    channel: (body) => createChannel(ctx, { actor: SYSTEM, body: { name: 'on call', ...body } }),
    put: (...notices) => ctx.storage.notifications.put(notices),
    log: async (channelId) => {
      const filter = { channelId, outcome: null, words: null }
      return (await ctx.storage.notifications.deliveries(filter, { limit: 100, cursor: null })).items
    },
  }
}

/** A notice of an incident that fires, unless `changes` say otherwise. */
export const noticeOf = (changes: Partial<Notice> = {}): Notice => ({
  id: randomUUID(),
  fleetId: randomUUID(),
  fleetName: 'Airfield US',
  incidentId: randomUUID(),
  rule: 'DeadLettersGrow',
  severity: 'critical',
  state: 'firing',
  atMs: 1_000,
  startsAtMs: 1_000,
  endsAtMs: null,
  labels: { collection: 'reports' },
  title: 'Dead letters grow: 40 in 5 min, over 10',
  detail: '38 of 40 come from app version 2.4.1',
  by: null,
  path: '/alerts/incidents/7',
  runbook: '/docs/runbooks/dead-letters-grow',
  ...changes,
})

/** The end of what fired. */
export const resolvedOf = (notice: Notice, changes: Partial<Notice> = {}): Notice => ({
  ...notice,
  id: randomUUID(),
  state: 'resolved',
  atMs: notice.atMs + 60_000,
  endsAtMs: notice.atMs + 60_000,
  ...changes,
})
