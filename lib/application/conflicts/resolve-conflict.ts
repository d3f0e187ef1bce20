import { z } from 'zod'
import { SERVER_ACTOR_ID } from '#lib/engine/clock-offset.ts'
import type { Choice } from '#lib/engine/conflict/resolution.ts'
import { resolutionOf } from '#lib/engine/conflict/resolution.ts'
import { documentOfToday, sidesOfToday } from '#lib/engine/conflict/sides-of-today.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import { jsonObject } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { ConflictRow } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { incomingOf } from '../sync/parse-push.ts'
import type { DeskJob } from '../sync/push-job.ts'
import { submitPush } from '../sync/submit-push.ts'
import { eventId } from '../telemetry/event-id.ts'
import { conflictMasks } from './conflict-masks.ts'
import type { ConflictDetail } from './read-conflict.ts'
import { readConflict } from './read-conflict.ts'

const shared = {
  /** The record's version that the person saw; 0 when there was none. */
  version: z.int().min(0),
  reason: z.string().trim().min(1).max(1_000).optional(),
}
const reason = z.string().trim().min(1).max(1_000)
export const resolveInput = z.discriminatedUnion('choice', [
  z.strictObject({ ...shared, choice: z.literal('mine') }),
  z.strictObject({ ...shared, choice: z.literal('theirs') }),
  z.strictObject({ ...shared, choice: z.literal('merged'), data: jsonObject.nullable() }),
  z.strictObject({
    ...shared,
    choice: z.literal('restore'),
    side: z.enum(['mine', 'theirs']).optional(),
    reason,
  }),
])
export type ResolveInput = z.infer<typeof resolveInput>

export interface Resolved extends ConflictDetail {
  readonly result: MutationResult
}

/**
 * POST /conflicts/:id/resolve: a person keeps a side of an open conflict or writes a third, or brings back
 * what lost in a closed one; masks in a third stand for what they hide. It is a mutation of the fleet's server actor, through push; the same call again has the
 * same answer.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `stale_version`, `resolution_refused`, `shed`,
 *   `database_unavailable`
 */
export async function resolveConflict(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<Resolved> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const typed = parsedOrThrow(resolveInput, input.body)
  const [detail, masks] = await Promise.all([readConflict(ctx, fleetId, id), conflictMasks(ctx, fleetId)])
  const body = typed.choice === 'merged' ? { ...typed, data: masks.unmasked(detail, typed.data) } : typed
  if (body.choice === 'restore' && detail.conflict.status === 'open')
    throw badRequest([{ path: '/choice', message: 'must be mine, theirs or merged: the conflict is open' }])
  const result = await decideConflict(ctx, { actor, fleetId, detail, body })
  const decided = await readConflict(ctx, fleetId, id)
  return { ...masks.detail(decided), result: masks.result(decided, result) }
}

interface Decided {
  readonly actor: Actor
  readonly fleetId: string
  readonly detail: ConflictDetail
  readonly body: ResolveInput
}

/**
 * The decision itself, on the record as `detail` has it, with nothing masked.
 * @throws ApplicationError `not_found`, `bad_request`, `stale_version`, `resolution_refused`, `shed`, `database_unavailable`
 */
async function decideConflict(ctx: Context, decided: Decided): Promise<MutationResult> {
  const { fleetId } = decided
  const { collections } = await ctx.groupCommit.rules.get(fleetId)
  const outcome = await submitPush(ctx, fleetId, deskJob(ctx, decided, collections))
  if (outcome.kind === 'failed') throw outcome.error
  return outcome.results[0] as MutationResult
}

/**
 * A decision as a push of the fleet's server actor, with its entry in the audit log.
 * @throws ApplicationError `not_found`, `bad_request`
 */
export function deskJob(
  ctx: Pick<Context, 'storage' | 'ids' | 'clock' | 'log'>,
  { actor, fleetId, detail: { conflict, record }, body }: Decided,
  collections: ReadonlyMap<string, CollectionRules>,
): Omit<DeskJob, 'mayAskAgain' | 'askedUnder'> {
  const rules = collections.get(conflict.collection)
  if (!rules) throw new ApplicationError('not_found', { detail: `no collection ${conflict.collection}` })
  const sides = sidesOfToday(rules, conflict)
  const current = record?.data ? documentOfToday(rules, record.data, record.schemaVersion) : null
  const op = resolutionOf(sides, choiceOf(body), current, rules)
  if (!op) throw badRequest([{ path: '/side', message: 'must say which side: the decision was a third one' }])
  const mutation = mutationOf(ctx, conflict, body, op, rules.schemaVersion)
  const action = body.choice === 'restore' ? 'conflict.restore' : 'conflict.resolve'
  const after = { choice: body.choice, mutationId: mutation.id }
  return {
    kind: 'desk',
    push: {
      deviceId: SERVER_ACTOR_ID,
      requestId: ctx.ids(),
      sessionId: null,
      atomic: true,
      byDesk: true,
      mutations: [incomingOf(mutation)],
      device: { id: SERVER_ACTOR_ID, platform: 'other', appVersion: 'desk' },
      verdicts: new Map(),
      replayOf: null,
      editOf: null,
    },
    platform: 'other',
    appVersion: 'desk',
    countedVersion: 'desk',
    madeAtMs: new Map([[mutation.id, ctx.clock.now()]]),
    receivedAtMs: ctx.clock.now(),
    audit: auditEntry(ctx, actor, {
      action,
      target: conflict.id,
      fleetId,
      reason: body.reason ?? null,
      after,
    }),
  }
}

function choiceOf(body: ResolveInput): Choice {
  if (body.choice === 'merged') return { kind: 'merged', data: body.data }
  if (body.choice === 'restore') return { kind: 'restore', side: body.side ?? null }
  return { kind: body.choice }
}

/** Its id is made of what was decided on what, so that a call that is sent twice has one effect. */
function mutationOf(
  ctx: Pick<Context, 'clock'>,
  { id, collection, recordId }: ConflictRow,
  body: ResolveInput,
  op: Operation,
  schemaVersion: number,
): Mutation {
  const nowMs = ctx.clock.now()
  const decision = {
    choice: body.choice,
    version: body.version,
    data: body.choice === 'merged' ? body.data : null,
    side: body.choice === 'restore' ? (body.side ?? null) : null,
  }
  return {
    id: eventId('resolve', id, canonicalJson(decision)),
    collection,
    recordId,
    baseVersion: body.version,
    schemaVersion,
    hlc: formatHlc({ wallMs: nowMs, counter: 0, deviceId: SERVER_ACTOR_ID }),
    madeAt: new Date(nowMs).toISOString(),
    ...(body.choice === 'restore' ? {} : { resolves: id }),
    op,
  }
}
