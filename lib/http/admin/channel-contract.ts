import { z } from 'zod'
import { channelChange, channelCreation } from '#lib/application/notifications/channel-input.ts'
import { channelWords } from '#lib/application/notifications/list-channels.ts'
import { deliveriesQuery } from '#lib/application/notifications/list-deliveries.ts'
import { channelTest } from '#lib/application/notifications/test-channel.ts'
import { removalInput } from '#lib/application/removal-input.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { CHANNEL_KINDS, DELIVERY_OUTCOMES, SEVERITIES } from '#lib/protocol/notice.ts'
import { listOf } from './contract-answers.ts'
import type { AdminOperation } from './operation.ts'
import { wholeQuery } from './whole-list.ts'

/** What the operator API takes and gives about channels. Times ending in `Ms` are Unix ms. */
const count = z.int().min(0)
const ms = z.int()
const channel = z.object({
  id: uuid,
  /** Null: told of every fleet's incidents. */
  fleetId: uuid.nullable(),
  name: z.string(),
  kind: z.enum(CHANNEL_KINDS),
  /** By kind, without its secrets. */
  settings: z.record(z.string(), z.unknown()),
  /** Names of the settings that are set and never shown. */
  secrets: z.array(z.string()),
  problem: z.string().nullable(),
  severities: z.array(z.enum(SEVERITIES)),
  template: z.object({ title: z.string().nullable(), body: z.string().nullable() }),
  enabled: z.boolean(),
  version: count,
  createdAtMs: ms,
  changedAtMs: ms,
})
/** The key that signs a webhook's messages, told once by the call that makes it. */
const made = channel.extend({ signingKey: z.string().nullable() })
const delivery = z.object({
  id: uuid,
  channelId: uuid,
  notificationId: uuid.nullable(),
  atMs: ms,
  seq: count,
  attempt: count,
  outcome: z.enum(DELIVERY_OUTCOMES),
  status: count.nullable(),
  detail: z.string(),
  tookMs: count,
  firing: count,
  resolved: count,
  rule: z.string(),
  title: z.string(),
})

/** By `METHOD pattern` of the route table. */
export const CHANNEL_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'GET /alerts/channels': {
    summary: 'Where notices of incidents go, of the fleets that the caller operates',
    query: wholeQuery.extend({ q: channelWords }),
    answer: listOf(channel),
  },
  'POST /alerts/channels': {
    summary: 'Make a channel of a fleet, or of all; what signs a webhook is told once',
    body: channelCreation,
    answer: made,
  },
  'PATCH /alerts/channels/:id': {
    summary: 'Change a channel; what was given up is tried again',
    body: channelChange,
    answer: made,
    codes: ['stale_version'],
  },
  'DELETE /alerts/channels/:id': {
    summary: 'Remove a channel with its log; nothing more is told there, not even the end',
    body: removalInput,
    bodyRequired: false,
    answer: channel,
  },
  'POST /alerts/channels/:id/test': {
    summary: 'Send a test now, and tell what came of it',
    body: channelTest,
    bodyRequired: false,
    answer: delivery,
  },
  'GET /alerts/channels/:id/deliveries': {
    summary: 'What a channel was sent, newest first, try by try',
    query: deliveriesQuery,
    answer: listOf(delivery),
  },
}
