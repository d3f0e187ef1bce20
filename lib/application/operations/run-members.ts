import { recordKey, type AuthorityVerdict, type RecordState } from '#lib/engine/types.ts'
import type { PatchStep } from '#lib/engine/json-patch.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type {
  DeadLetterRow,
  MemberLetter,
  MemberLetters,
  Members,
  OperationRow,
  PushPlan,
  PushSnapshot,
} from '#lib/storage/ports.ts'
import { editChanges } from '../dead-letters/edit-changes.ts'
import type { LetterMask, LetterMasks } from '../dead-letters/letter-masks.ts'
import { replayJob } from '../dead-letters/replay-job.ts'
import type { Edit } from '../dead-letters/run-letter.ts'
import type { Actor, Context } from '../context.ts'
import { planOf } from '../sync/commit-group.ts'
import { loadSome } from '../sync/load-some.ts'
import { decideNext, startGroup, type Group } from '../sync/decide-group.ts'
import type { ReplayJob } from '../sync/push-job.ts'
import type { FleetRules } from '../sync/rules.ts'
import { editedForm } from './edited-form.ts'
import { CLOSED, fate, fateOf, GONE, HELD, type Fate, type Later } from './fate.ts'

export type Member = Members['items'][number]
export type RunContext = Pick<Context, 'storage' | 'ids' | 'clock' | 'log' | 'requests'>

/** What runs, as far as a run hangs on it. */
export type RunOrder = Pick<OperationRow, 'id' | 'kind' | 'edit' | 'reason' | 'actor'>

/** What an authority said ahead of the transaction, and the ids that edited forms were shown to it under, by letter. */
export interface Asked {
  readonly verdicts: ReadonlyMap<string, AuthorityVerdict>
  readonly askedUnder: number | null
  readonly ids: ReadonlyMap<string, string>
}
export const NOT_ASKED: Asked = { verdicts: new Map(), askedUnder: null, ids: new Map() }

type Prepared =
  | { readonly member: Member; readonly job: ReplayJob; readonly letter: DeadLetterRow }
  | { readonly member: Member; readonly fate: Fate }

/** What is read of a fleet before its members are looked at. */
interface KnownOfFleet {
  readonly rules: FleetRules
  readonly masks: LetterMasks
}

/** The pushes of members that may run, and what is said of the others at once. */
export function prepareMembers(
  ctx: RunContext,
  order: RunOrder,
  { rules, masks }: KnownOfFleet,
  members: readonly Member[],
  letters: MemberLetters,
  asked: Asked,
): readonly Prepared[] {
  return members.map((member) => {
    const found = letters.get(member.letterId)
    if (!found) return { member, fate: GONE }
    if (found.letter.status !== 'open') return { member, fate: CLOSED.open }
    return prepare(ctx, order, { rules, masks }, member, found, asked)
  })
}

function prepare(
  ctx: RunContext,
  order: RunOrder,
  { rules, masks }: KnownOfFleet,
  member: Member,
  found: MemberLetter,
  asked: Asked,
): Prepared {
  const { letter } = found
  const { edit } = order
  const mask = masks.of(letter)
  const shows = edit && 'patch' in edit ? mask.misstep(edit.patch as unknown as readonly PatchStep[]) : null
  if (shows !== null) return { member, fate: fate('unpatchable', 'masked_field', shows) }
  const form = edit && editedForm(rules.collections.get(letter.mutation.collection), letter, edit)
  if (form && !form.ok) return { member, fate: fate('unpatchable', 'patch_failed', form.error) }
  const id = asked.ids.get(letter.id) ?? ctx.ids()
  const told = form && toldChanges(mask, letter, form.value.op)
  return runnable(ctx, order, member, found, form && { ...form.value, id, ...(told && { told }) }, asked)
}

/** A member as the push that it would be, in an edited form or as it is. */
export function runnable(
  ctx: RunContext,
  { id: operationId, reason, actor: by }: Pick<RunOrder, 'id' | 'reason' | 'actor'>,
  member: Member,
  { letter, platform }: MemberLetter,
  edit: Edit | null,
  { verdicts, askedUnder }: Asked = NOT_ASKED,
): Prepared {
  const actor: Actor = { ...by, roles: {} }
  const order = { actor, reason: `operation ${operationId}: ${reason}`, edit, platform, verdicts }
  return { member, letter, job: { ...replayJob(ctx, letter, order), mayAskAgain: true, askedUnder } }
}

/** For the audit log, as a single edit tells it: what became of the letter's operation, masked (DL19, DL23). */
function toldChanges(mask: LetterMask, { mutation }: DeadLetterRow, op: Operation): JsonObject {
  const changes = editChanges(mask.op(mutation.op), mask.op(op))
  return { from: mutation.id, ...(changes as unknown as JsonObject) }
}

export interface Ran {
  readonly member: Member
  readonly fate: Fate | Later
  /** Set where it ran. */
  readonly letter: DeadLetterRow | null
  /** Its record as it was left then, of one that ran; null where there is none. */
  readonly record: RecordState | null
}

/**
 * Runs members one after the other, each on the outcomes of those before it, over what is loaded for them: the same for a dry
 * run as for the real one (DL13). It ends at the first that gets no lasting answer, unless `goesOn`, and
 * where what is loaded for more would be more than one read takes.
 * @param lay what was decided before, over what was loaded
 */
export async function runMembers(
  ctx: RunContext,
  rules: FleetRules,
  prepared: readonly Prepared[],
  load: (plan: PushPlan) => Promise<PushSnapshot>,
  { masks, lay = (group) => group, goesOn = false, nowMs }: RunOptions,
): Promise<{ readonly group: Group; readonly ran: readonly Ran[] }> {
  const jobsOf = (some: readonly Prepared[]) => some.flatMap((one) => ('job' in one ? [one.job] : []))
  const { snapshot, some } = await loadSome(prepared, (members) => load(planOf(jobsOf(members), rules)))
  if (snapshot.fleet.configVersion !== rules.configVersion) throw new RulesChanged()
  const group = lay(startGroup(snapshot, rules, nowMs, ctx.ids))
  const ran: Ran[] = []
  for (const one of some) {
    if (!('job' in one)) {
      ran.push({ member: one.member, fate: one.fate, letter: null, record: null })
      continue
    }
    const decided = decideMember(group, one.letter, one.job)
    const { letter } = one
    const { collection, recordId } = letter.mutation
    const record = group.world.records.get(recordKey(collection, recordId)) ?? null
    ran.push({ member: one.member, fate: masked(decided, masks, letter), letter, record })
    if (decided.outcome === 'later' && !goesOn) break
  }
  return { group, ran }
}

interface RunOptions {
  readonly nowMs: number
  readonly masks: LetterMasks
  readonly lay?: (group: Group) => Group
  readonly goesOn?: boolean
}

/** A collection was published between two reads: nothing of this is written, and it is begun again. */
export class RulesChanged extends Error {}

function decideMember(group: Group, letter: DeadLetterRow, job: ReplayJob): Fate | Later {
  const standing = (id: string) => group.world.mutations.get(id)?.deadLetter
  if (standing(letter.mutation.id) !== 'open') return CLOSED.open
  const parent = letter.parentMutationId
  // It would only die again behind it, and be nearer to being poisoned (DL3).
  if (parent !== null && (standing(parent) === 'open' || standing(parent) === 'discarded')) return HELD
  const outcome = decideNext(group, job)
  if (outcome.kind === 'failed') {
    if (outcome.error.tidemarkCode === 'not_replayable') return CLOSED.open
    throw outcome.error
  }
  if (outcome.kind === 'outdated') return { outcome: 'later', code: 'contention', retryAfterMs: 0 }
  const result = outcome.results[0] as MutationResult
  const change = group.writes.changes.findLast(({ incoming }) => incoming.mutation.id === result.id)
  return fateOf(result, change?.deadLetter?.path ?? null, letter)
}

/** What is said of a letter repeats its values; it is kept, shown and written to files without the masked ones (DL20). */
const masked = (of: Fate | Later, masks: LetterMasks, letter: DeadLetterRow): Fate | Later =>
  of.outcome === 'later' || of.detail === null ? of : { ...of, detail: masks.of(letter).text(of.detail) }

/** Whether the letter is closed by it. */
export const closes = ({ fate: { outcome } }: Ran): boolean =>
  outcome === 'applied' || outcome === 'merged' || outcome === 'superseded' || outcome === 'conflict'
