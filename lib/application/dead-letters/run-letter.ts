import { isStampedAhead } from '#lib/engine/stamped-ahead.ts'
import { formatHlc, parseHlc } from '#lib/kernel/hlc.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import type { Actor, Context } from '../context.ts'
import { incomingOf } from '../sync/parse-push.ts'
import { submitPush } from '../sync/submit-push.ts'
import { tellClosed } from './tell-closed.ts'

/** An edited form of what a letter wanted: another operation, made on the schema version given. */
export interface Edit {
  readonly op: Operation
  readonly schemaVersion: number
  /** For the audit log: what it changed, masked. */
  readonly told: JsonObject
}

/**
 * Runs the mutation of an open letter through push: as it is under its own id, or in an edited form under a new one
 * (ID3). @throws ApplicationError `not_replayable` when it is closed, `shed`, `database_unavailable`
 */
export async function runLetter(
  ctx: Context,
  actor: Actor,
  letter: DeadLetterRow,
  reason: string | null,
  edit: Edit | null = null,
): Promise<MutationResult> {
  const { fleetId, deviceId, appVersion } = letter
  const meant = edit
    ? { ...letter.mutation, op: edit.op, schemaVersion: edit.schemaVersion, id: ctx.ids() }
    : letter.mutation
  const mutation = stampedInTime(meant, deviceId, ctx.clock.now())
  const device = await ctx.storage.devices.get(fleetId, deviceId)
  const platform = device?.platform ?? 'other'
  const action = edit ? 'dead-letter.edit' : 'dead-letter.replay'
  const outcome = await submitPush(ctx, fleetId, {
    kind: 'replay',
    push: {
      deviceId,
      requestId: ctx.ids(),
      sessionId: null,
      atomic: false,
      byDesk: false,
      mutations: [incomingOf(mutation)],
      device: { id: deviceId, platform, appVersion },
      verdicts: new Map(),
      replayOf: letter.id,
      editOf: edit ? letter.mutation.id : null,
    },
    platform,
    appVersion,
    countedVersion: ctx.requests.liveVersion(fleetId, appVersion),
    madeAtMs: new Map([[mutation.id, letter.madeAtMs]]),
    receivedAtMs: ctx.clock.now(),
    audit: auditEntry(ctx, actor, { action, target: letter.id, fleetId, reason, after: edit?.told ?? null }),
  })
  if (outcome.kind === 'failed') throw outcome.error
  const result = outcome.results[0] as MutationResult
  if (closesLetter(result)) await tellClosed(ctx, fleetId, 'replayed', [letter])
  return result
}

/** What died of its device's clock runs with a stamp of now, by the same device; any other with its own (DL4). */
function stampedInTime(mutation: Mutation, deviceId: string, nowMs: number): Mutation {
  if (!isStampedAhead(mutation, nowMs)) return mutation
  const author = parseHlc(mutation.hlc)
  const hlc = formatHlc({
    wallMs: nowMs,
    counter: 0,
    deviceId: author.ok ? author.value.deviceId : deviceId,
  })
  const { op } = mutation
  if (op.type !== 'crdt') return { ...mutation, hlc }
  const changes = op.changes.map((one) => (one.kind === 'lww-register' ? { ...one, hlc } : one))
  return { ...mutation, hlc, op: { ...op, changes } }
}

/** Whether the letter is settled with this: it died again, or nothing happened for the moment, otherwise. */
export const closesLetter = ({ status }: MutationResult): boolean =>
  status === 'applied' || status === 'merged' || status === 'superseded' || status === 'conflict'
