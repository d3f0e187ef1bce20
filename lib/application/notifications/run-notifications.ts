import { NOTICE_GROUP_WAIT_MS } from '#lib/protocol/limits.ts'
import type { Delivery, DueNotification } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { isStorageError } from '../errors.ts'
import { ALERTMANAGER_REPEAT_MS } from './alertmanager.ts'
import type { Verdict } from './after-try.ts'
import { afterTry } from './after-try.ts'
import { judge } from './judge.ts'
import type { Answer } from './mail.ts'
import type { Message } from './message.ts'
import { messageOf } from './message.ts'
import { routeNotices } from './route-notices.ts'
import { SEND_TIMEOUT_MS, sendMessage } from './send-message.ts'

/** How soon a notice that is put into the outbox is found. */
export const NOTICES_LOOKED_AT_EVERY_MS = 1_000
const TAKEN_IN_MAX = 200
/** Looks at one turn: what is left is found at the next. */
const TAKE_IN_ROUNDS = 10
/** Tries of one process at a time; of one channel two. */
const AT_A_TIME_MAX = 8
const OF_A_CHANNEL_MAX = 2
/** Beyond everything that a try may take: whoever holds it still then is stopped or gone, and another one takes it up. */
export const NOTIFICATION_LEASE_MS = 60_000
const DETAIL_LENGTH_MAX = 500

type NotifyContext = Pick<
  Context,
  'storage' | 'clock' | 'random' | 'ids' | 'secret' | 'egress' | 'log' | 'processId' | 'origin'
>

/** How long things take here; a trial of real processes shortens them. */
export interface NotifyPace {
  readonly groupWaitMs: number
  readonly leaseMs: number
  /** How often Alertmanager is told again of what fires. */
  readonly repeatMs: number
  /** For all of one try. */
  readonly timeoutMs: number
}
const PACE: NotifyPace = {
  groupWaitMs: NOTICE_GROUP_WAIT_MS,
  leaseMs: NOTIFICATION_LEASE_MS,
  repeatMs: ALERTMANAGER_REPEAT_MS,
  timeoutMs: SEND_TIMEOUT_MS,
}

/** The sending of notifications in this process: `look` is a turn of its ticker. */
export class Notifier {
  private readonly ctx: NotifyContext
  private readonly pace: NotifyPace
  private readonly running = new Map<string, { readonly channelId: string; readonly ends: Promise<void> }>()
  private stopped = false

  constructor(ctx: NotifyContext, pace: NotifyPace = PACE) {
    this.ctx = ctx
    this.pace = pace
  }

  /** Takes in what is in the outbox, then begins with what is due. Doesn't wait for what it sends. */
  async look(): Promise<void> {
    if (this.stopped) return
    await takeIn(this.ctx, this.pace)
    const room = AT_A_TIME_MAX - this.running.size
    if (this.stopped || room <= 0) return
    const { notifications } = this.ctx.storage
    const holder = this.ctx.processId
    const due = await notifications.lease(holder, this.pace.leaseMs, room, this.busyChannels())
    const leasedMs = this.ctx.clock.now()
    for (const one of due) {
      const ends = this.work(one, leasedMs).finally(() => this.running.delete(one.notification.id))
      this.running.set(one.notification.id, { channelId: one.channel.id, ends })
    }
  }

  /** Ends when what is under way has. */
  async idle(): Promise<void> {
    await Promise.all([...this.running.values()].map(({ ends }) => ends))
  }

  async stop(): Promise<void> {
    this.stopped = true
    await this.idle()
  }

  private busyChannels(): readonly string[] {
    const busy = [...this.running.values()].map(({ channelId }) => channelId)
    return [...new Set(busy)].filter((id) => busy.filter((one) => one === id).length >= OF_A_CHANNEL_MAX)
  }

  /** Never rejects: what was not settled is taken up again when its lease is over. */
  private async work(due: DueNotification, leasedMs: number): Promise<void> {
    try {
      // Stopped for long, it may be held by another by now.
      const isHeld = this.ctx.clock.now() - leasedMs < this.pace.leaseMs - 2 * this.pace.timeoutMs
      if (isHeld) await tryOnce(this.ctx, this.pace, due)
    } catch (error) {
      const level = isStorageError(error, 'storage_unavailable') ? 'warn' : 'error'
      this.ctx.log[level]('a try to notify was not settled', {
        notification: due.notification.id,
        error: String(error),
      })
    }
  }
}

async function takeIn(ctx: NotifyContext, { groupWaitMs }: NotifyPace): Promise<void> {
  for (let round = 0; round < TAKE_IN_ROUNDS; round++) {
    const taken = await ctx.storage.notifications.takeIn(TAKEN_IN_MAX, (intake) =>
      routeNotices(intake, { makeId: ctx.ids, groupWaitMs }),
    )
    if (taken < TAKEN_IN_MAX) return
  }
}

async function tryOnce(ctx: NotifyContext, pace: NotifyPace, due: DueNotification): Promise<void> {
  const repeatMs = due.channel.kind === 'alertmanager' ? pace.repeatMs : null
  const message = messageOf(due, { origin: ctx.origin, repeatMs })
  const startedMs = ctx.clock.now()
  const answer = await sendMessage(ctx, due.channel, message, pace.timeoutMs)
  const endedMs = ctx.clock.now()
  const verdict = judge(answer, due.channel.kind === 'mail', endedMs)
  const { id, attempts, toldSeq } = due.notification
  await ctx.storage.notifications.settle(id, ctx.processId, (now, items, nowMs) => {
    const { groupWaitMs } = pace
    const tried = { verdict, seq: message.seq, nowMs, repeatMs, groupWaitMs, random: ctx.random }
    const { next, outcome } = afterTry(now, items, tried)
    // What is told again every minute is worth a line when it says something new, or after a failure.
    const isRoutine = outcome === 'delivered' && message.seq <= toldSeq && attempts === 0
    const line = { outcome, attempt: attempts + 1, atMs: nowMs, tookMs: Math.max(0, endedMs - startedMs) }
    const delivery = isRoutine ? null : deliveryOf(ctx, due, message, answer, line)
    return { next, delivery }
  })
  tell(ctx, due, answer, verdict)
}

const deliveryOf = (
  ctx: Pick<NotifyContext, 'ids'>,
  { notification, channel }: Pick<DueNotification, 'notification' | 'channel'>,
  { seq, open, resolved, rule, title }: Message,
  answer: Answer,
  line: Pick<Delivery, 'outcome' | 'attempt' | 'atMs' | 'tookMs'>,
): Delivery => ({
  ...line,
  id: ctx.ids(),
  channelId: channel.id,
  notificationId: notification.id,
  seq,
  status: answer.kind === 'answered' ? answer.status : null,
  detail: answer.text.slice(0, DETAIL_LENGTH_MAX),
  firing: open,
  resolved,
  rule,
  title: title.slice(0, DETAIL_LENGTH_MAX),
})

/** What nobody will hear of is at least in the server's log. */
function tell(
  ctx: NotifyContext,
  { channel, notification }: DueNotification,
  answer: Answer,
  verdict: Verdict,
): void {
  if (verdict.kind !== 'refused') return
  ctx.log.error('a notification was refused', {
    channel: channel.id,
    notification: notification.id,
    status: answer.kind === 'answered' ? answer.status : null,
  })
}
