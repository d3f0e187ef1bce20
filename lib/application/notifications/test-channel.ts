import { z } from 'zod'
import type { Channel, Delivery } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import { judge } from './judge.ts'
import { requireChannel } from './list-channels.ts'
import type { Message, ToldIncident } from './message.ts'
import { words } from './message.ts'
import { sendMessage } from './send-message.ts'

/** `resolved` tells the end of a test, so that what a test made there is closed. */
export const channelTest = z.strictObject({ state: z.enum(['firing', 'resolved']).default('firing') })

const DETAIL_LENGTH_MAX = 500

/**
 * POST /alerts/channels/:id/test: sends one message now, marked as a test, and tells what came of it. One key for all
 * tests of a channel: one is resolved by a test with state `resolved`.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function testChannel(
  ctx: Context,
  { actor, id, body }: { readonly actor: Actor; readonly id: string; readonly body: unknown },
): Promise<Delivery> {
  const { state } = parsedOrThrow(channelTest, body ?? {})
  const channel = await requireChannel(ctx, actor, id)
  const startedMs = ctx.clock.now()
  const message = testMessage(ctx, channel, state, startedMs)
  const answer = await sendMessage(ctx, channel, message)
  const atMs = ctx.clock.now()
  const { kind } = judge(answer, channel.kind === 'mail', atMs)
  const delivery: Delivery = {
    id: ctx.ids(),
    channelId: id,
    notificationId: null,
    atMs,
    seq: 0,
    attempt: 1,
    // Nothing of a test is tried again.
    outcome: kind === 'taken' ? 'delivered' : kind === 'refused' ? 'refused' : 'gave_up',
    status: answer.kind === 'answered' ? answer.status : null,
    detail: answer.text.slice(0, DETAIL_LENGTH_MAX),
    tookMs: Math.max(0, atMs - startedMs),
    firing: message.open,
    resolved: message.resolved,
    rule: message.rule,
    title: message.title,
  }
  await ctx.storage.notifications.log(delivery)
  const { fleetId } = channel
  const after = { state, outcome: delivery.outcome, status: delivery.status }
  await ctx.storage.audit.append(
    auditEntry(ctx, actor, { action: 'channel.test', target: id, fleetId, after }),
  )
  return delivery
}

function testMessage(
  { origin }: Pick<Context, 'origin'>,
  { id, name, fleetId, template }: Channel,
  state: 'firing' | 'resolved',
  nowMs: number,
): Message {
  const isOver = state === 'resolved'
  const incident: ToldIncident = {
    incidentId: id,
    fleetId: fleetId ?? id,
    fleetName: 'Test',
    rule: 'TidemarkTest',
    severity: 'info',
    state,
    startsAtMs: nowMs,
    endsAtMs: isOver ? nowMs : null,
    labels: {},
    title: `a test of the channel ${name}`,
    detail: 'Somebody pressed the test button. Nothing is wrong.',
    by: null,
    link: `${origin}/alerts`,
    runbook: null,
  }
  const head = {
    key: `test-${id}`,
    // So that a receiver that knows repeats by it takes each test.
    seq: nowMs,
    rule: incident.rule,
    severity: incident.severity,
    state,
    isFirst: !isOver,
    incidents: [incident],
    open: isOver ? 0 : 1,
    resolved: isOver ? 1 : 0,
    link: incident.link,
    sentAtMs: nowMs,
    repeatMs: null,
    isTest: true,
  }
  return { ...head, ...words(head, template) }
}
