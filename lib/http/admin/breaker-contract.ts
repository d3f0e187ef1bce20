import { z } from 'zod'
import { approvalInput } from '#lib/application/breakers/approve-override.ts'
import { breakerDetailQuery } from '#lib/application/breakers/breaker-detail.ts'
import { configInput } from '#lib/application/breakers/configure-breaker.ts'
import { extensionInput } from '#lib/application/breakers/extend-override.ts'
import { overrideInput } from '#lib/application/breakers/force-breaker.ts'
import { releaseOverrideInput } from '#lib/application/breakers/release-breaker.ts'
import { whatIfQuery } from '#lib/application/breakers/what-if.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import { auditAnswer, listOf } from './contract-answers.ts'
import type { AdminOperation } from './operation.ts'
import { wholeQuery } from './whole-list.ts'

/** What the operator API takes and gives about breakers. Times ending in `Ms` are Unix ms. */
const count = z.int().min(0)
const ms = z.int()
const settings = z.object({
  failureRateMax: z.number(),
  slowRateMax: z.number(),
  slowMs: z.number(),
  callsMin: count,
  openMs: z.number(),
  openMsMax: z.number(),
  probes: count,
  probeWaitMs: z.number(),
})
const person = z.object({ id: z.string(), name: z.string() })
const kind = z.enum(['forced_open', 'forced_closed', 'metrics_only'])
const override = z.object({
  id: uuid,
  kind,
  reason: z.string(),
  by: person,
  askedAtMs: ms,
  startsAtMs: ms,
  expiresAtMs: ms,
  approval: z.object({ untilMs: ms, by: person.nullable(), atMs: ms.nullable() }).nullable(),
  breakGlass: z.boolean(),
  endedAtMs: ms.nullable(),
})
const second = z.object({ second: z.int(), calls: count, failures: count, slow: count })
const breaker = z.object({
  process: z.string(),
  scope: z.string(),
  state: z.string(),
  retryAfterMs: z.number(),
  window: z.array(second),
  trips: z.array(z.object({ atMs: ms, openMs: z.number(), calls: count, failures: count, slow: count })),
  settings,
  version: count,
  overrides: z.array(
    override.extend({ phase: z.enum(['waiting', 'lapsed', 'scheduled', 'active', 'over']) }),
  ),
  overruledBy: z.string().nullable(),
  processes: z.object({ live: count, applied: count, notClosed: count }),
  minute: z.object({ calls: count, failures: count, shed: count, isPart: z.boolean() }),
})
const badCall = z.object({
  atMs: ms,
  cause: z.string(),
  deviceId: z.string().nullable(),
  fleetId: z.string().nullable(),
  ms: z.number(),
})
const transition = z.object({
  id: uuid,
  scope: z.string(),
  fleetId: uuid.nullable(),
  processId: z.string(),
  atMs: ms,
  before: z.string(),
  after: z.string(),
  trip: z
    .object({
      openMs: z.number(),
      calls: count,
      failures: count,
      slow: count,
      bad: z.array(badCall),
      limits: settings.pick({ failureRateMax: true, slowRateMax: true, callsMin: true }).optional(),
    })
    .nullable(),
})
const detail = breaker.extend({
  changedAtMs: ms.nullable(),
  processes: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      startedAtMs: ms,
      revision: count,
      seenAtMs: ms,
      standing: z.enum(['applied', 'behind', 'stale']),
      tookMs: z.number().nullable(),
      state: z.string(),
      calls: count,
      failures: count,
      shed: count,
    }),
  ),
  affected: z.object({ devices: count, isMore: z.boolean(), requestsPerMinute: count }),
  secondPersonFor: z.array(kind),
  seconds: z.array(second.extend({ shed: count })),
  changes: z.array(transition),
  history: z.array(auditAnswer),
})
const control = z.object({
  scope: z.string(),
  fleetId: uuid.nullable(),
  version: count,
  settings: settings.partial().nullable(),
  overrides: z.array(override),
  changedAtMs: ms,
})
const run = z.object({
  trips: z.array(z.object({ second: z.int(), seconds: z.number() })),
  openSeconds: z.number(),
  shed: count,
  calls: count,
  failuresShed: count,
})

/** By `METHOD pattern` of the route table. */
export const BREAKER_CONTRACT: Readonly<Record<string, AdminOperation>> = {
  'GET /breakers': {
    summary: 'The breakers that the devices of a fleet meet',
    query: wholeQuery,
    answer: listOf(breaker),
  },
  'GET /breakers/:scope': {
    summary: 'One breaker: its window, what it did, what people said of it, and which processes hold that',
    query: breakerDetailQuery,
    answer: detail,
  },
  'GET /breakers/:scope/what-if': {
    summary: 'The calls of the last day against other settings',
    query: whatIfQuery,
    answer: z.object({
      fromMs: ms,
      toMs: ms,
      seconds: count,
      now: run,
      asked: run,
      rates: z.array(z.object({ failureRateMax: z.number(), run })),
      minutes: z.array(z.object({ atMs: ms, calls: count, failures: count })),
    }),
  },
  'POST /breakers/:scope/override': {
    summary: 'Force a breaker open or closed, or let it count only',
    body: overrideInput,
    answer: control,
    codes: ['stale_version', 'count_changed'],
  },
  'PATCH /breakers/:scope/override': {
    summary: 'Give what holds a breaker another end',
    body: extensionInput,
    answer: control,
    codes: ['stale_version', 'override_state'],
  },
  'DELETE /breakers/:scope/override': {
    summary: 'Release a breaker, or withdraw what waits for a second person',
    body: releaseOverrideInput,
    answer: control,
    codes: ['stale_version', 'override_state'],
  },
  'POST /breakers/:scope/override/approve': {
    summary: 'Agree as the second person',
    body: approvalInput,
    answer: control,
    codes: ['stale_version', 'override_state', 'second_person_needed'],
  },
  'PATCH /breakers/:scope/config': {
    summary: 'When a breaker trips, and how it is tried',
    body: configInput,
    answer: control,
    codes: ['stale_version'],
  },
}
