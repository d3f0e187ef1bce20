import { isStampedAhead } from '#lib/engine/stamped-ahead.ts'
import type { AuthorityVerdict } from '#lib/engine/types.ts'
import { formatHlc, parseHlc } from '#lib/kernel/hlc.ts'
import type { Platform } from '#lib/protocol/device.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import type { Actor, Context } from '../context.ts'
import { incomingOf } from '../sync/parse-push.ts'
import type { ReplayJob } from '../sync/push-job.ts'
import type { Edit } from './run-letter.ts'

/** Who runs a letter again, why, and in which form. */
export interface ReplayOrder {
  readonly actor: Actor
  readonly reason: string | null
  readonly edit: Edit | null
  /** What its device runs on; null where it is not known any more. */
  readonly platform: Platform | null
  readonly verdicts?: ReadonlyMap<string, AuthorityVerdict>
}

type Unasked = Omit<ReplayJob, 'mayAskAgain' | 'askedUnder'>

/** A letter as a push of one mutation: as it is under its own id, or in an edited form under a new one (ID3). */
export function replayJob(
  ctx: Pick<Context, 'storage' | 'ids' | 'clock' | 'log' | 'requests'>,
  letter: DeadLetterRow,
  { actor, reason, edit, platform: known, verdicts = new Map() }: ReplayOrder,
): Unasked {
  const { fleetId, deviceId, appVersion } = letter
  const meant = edit
    ? { ...letter.mutation, op: edit.op, schemaVersion: edit.schemaVersion, id: edit.id ?? ctx.ids() }
    : letter.mutation
  const mutation = stampedInTime(meant, deviceId, ctx.clock.now())
  const platform = known ?? 'other'
  const action = edit ? 'dead-letter.edit' : 'dead-letter.replay'
  return {
    kind: 'replay',
    push: {
      deviceId,
      requestId: ctx.ids(),
      sessionId: null,
      atomic: false,
      byDesk: false,
      mutations: [incomingOf(mutation)],
      device: { id: deviceId, platform, appVersion },
      verdicts,
      replayOf: letter.id,
      editOf: edit ? letter.mutation.id : null,
      isOfToday: edit?.isOfToday === true,
    },
    platform,
    appVersion,
    countedVersion: ctx.requests.liveVersion(fleetId, appVersion),
    madeAtMs: new Map([[mutation.id, letter.madeAtMs]]),
    receivedAtMs: ctx.clock.now(),
    audit: auditEntry(ctx, actor, { action, target: letter.id, fleetId, reason, after: edit?.told ?? null }),
  }
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
