import { batchSize } from '#lib/engine/operation-machine.ts'
import { recordKey, type AuthorityVerdict } from '#lib/engine/types.ts'
import type { ConflictKey } from '#lib/query/conflict-fields.ts'
import { isAmong } from '#lib/query/field.ts'
import type { ConflictRow, OperationRow, PushPlan, PushSnapshot } from '#lib/storage/ports.ts'
import { askAuthority } from '../authority/ask-authority.ts'
import { ruleOn, type Ruled } from '../conflicts/by-rule.ts'
import { deskJob } from '../conflicts/resolve-conflict.ts'
import type { Actor, Context } from '../context.ts'
import { planOf } from '../sync/commit-group.ts'
import { loadSome } from '../sync/load-some.ts'
import { decideNext, startGroup, type Group } from '../sync/decide-group.ts'
import type { DeskJob } from '../sync/push-job.ts'
import type { FleetRules } from '../sync/rules.ts'
import { fate, GONE, type Fate, type Later } from './fate.ts'
import { RulesChanged, type Member } from './run-members.ts'

/** What the rule makes of a conflict on the record as it is now, as the push that it would be. */
interface Decision {
  readonly conflict: ConflictRow
  /** The side that is kept. */
  readonly choice: string
  readonly job: DeskJob
}
type Ruling = Decision | { readonly fate: Fate | Later }
/** By conflict; of the others nothing was asked, and they wait for the next turn. */
export type Rulings = ReadonlyMap<string, Ruling>

export const NO_RULINGS: Rulings = new Map()
const DECIDED_MEANWHILE = fate('closed', 'not_open', 'somebody decided it meanwhile')

/**
 * Asks the rule, and the authorities (AU1), about an operation's next conflicts, before anything is locked: of each record the
 * first alone, since its decision makes the version that the next one is decided on (CS11).
 */
export async function ruleAhead(ctx: Context, row: OperationRow, rules: FleetRules): Promise<Rulings> {
  const { fleetId, id, rule } = row
  if (row.state !== 'running' || rule === null) return NO_RULINGS
  const most = batchSize(row.ratePerSecond, row.done + row.skipped + row.errored)
  const members = await ctx.storage.operations.items(
    fleetId,
    id,
    { state: 'pending', outcome: null },
    0,
    most,
  )
  const found = await conflictsOf(ctx, fleetId, members)
  const next = upToSecondOfRecord(members, found)
  const open = next.flatMap(({ letterId }) => {
    const conflict = found.get(letterId)
    return conflict?.status === 'open' ? [conflict] : []
  })
  const ruled = new Map((await ruleOn(ctx, fleetId, rule, open)).map((one) => [one.conflict.id, one]))
  const rulings = new Map<string, Ruling>()
  for (const { letterId } of next) {
    const one = ruled.get(letterId)
    const ruling = one
      ? await rulingOf(ctx, row, rules, one)
      : { fate: found.has(letterId) ? DECIDED_MEANWHILE : GONE }
    rulings.set(letterId, ruling)
    // Nobody else's backend is waited for behind one that does not answer.
    if ('fate' in ruling && ruling.fate.outcome === 'later') break
  }
  return rulings
}

async function conflictsOf(
  ctx: Context,
  fleetId: string,
  members: readonly Member[],
): Promise<ReadonlyMap<string, ConflictRow>> {
  if (members.length === 0) return new Map()
  const conditions = [isAmong<ConflictKey>('id', ...members.map(({ letterId }) => letterId))]
  const page = { limit: members.length, cursor: null }
  const { items } = await ctx.storage.conflicts.list(fleetId, { conditions, sort: 'waiting' }, page)
  return new Map(items.map((row) => [row.id, row]))
}

/** Members in their order, without those from the second conflict of one record on. Pure. */
export function upToSecondOfRecord<M extends Pick<Member, 'letterId'>>(
  members: readonly M[],
  conflicts: ReadonlyMap<string, Pick<ConflictRow, 'collection' | 'recordId' | 'status'>>,
): readonly M[] {
  const seen = new Set<string>()
  const second = members.findIndex(({ letterId }) => {
    const conflict = conflicts.get(letterId)
    if (conflict?.status !== 'open') return false
    const key = recordKey(conflict.collection, conflict.recordId)
    if (seen.has(key)) return true
    seen.add(key)
    return false
  })
  return second === -1 ? members : members.slice(0, second)
}

async function rulingOf(
  ctx: Context,
  row: OperationRow,
  rules: FleetRules,
  { conflict, record, decision }: Ruled,
): Promise<Ruling> {
  if (!('body' in decision))
    return { fate: fate(decision.outcome === 'skipped' ? 'undecided' : 'refused', decision.why) }
  const actor: Actor = { ...row.actor, roles: {} }
  const body = { ...decision.body, reason: `operation ${row.id}: ${row.reason}` }
  const decided = { actor, fleetId: row.fleetId, detail: { conflict, record }, body }
  const { choice } = decision.body
  const made = deskJob(ctx, decided, rules.collections)
  if (!rules.authorities.has(conflict.collection))
    return { conflict, choice, job: { ...made, mayAskAgain: true, askedUnder: null } }
  const verdicts = await askAuthority(ctx, row.fleetId, made.push, rules.authorities)
  const later = laterOf(verdicts.get(made.push.mutations[0]?.mutation.id ?? ''))
  if (later) return { fate: later }
  const push = { ...made.push, verdicts }
  return { conflict, choice, job: { ...made, push, mayAskAgain: true, askedUnder: rules.configVersion } }
}

function laterOf(verdict: AuthorityVerdict | undefined): Later | null {
  if (verdict?.kind === 'unavailable')
    return { outcome: 'later', code: 'authority_unavailable', retryAfterMs: 0 }
  if (verdict?.kind === 'shed') return { outcome: 'later', code: 'shed', retryAfterMs: verdict.retryAfterMs }
  return null
}

export interface RuledMember {
  readonly member: Member
  readonly fate: Fate | Later
}

/**
 * Decides members in the operation's own transaction, each as the rule was asked; it ends at the first that was not asked
 * about, at the first that gets no lasting answer, and where what is loaded for more would be more than one read takes.
 * @throws RulesChanged
 */
export async function decideMembers(
  ctx: Pick<Context, 'clock' | 'ids'>,
  rules: FleetRules,
  members: readonly Member[],
  rulings: Rulings,
  load: (plan: PushPlan) => Promise<PushSnapshot>,
): Promise<{ readonly group: Group; readonly fates: readonly RuledMember[] }> {
  const asked = members.flatMap((member) => {
    const ruling = rulings.get(member.letterId)
    return ruling ? [{ member, ruling }] : []
  })
  const { snapshot, some } = await loadSome(asked, (members) => {
    const jobs = members.flatMap(({ ruling }) => ('job' in ruling ? [ruling.job] : []))
    return load(planOf(jobs, rules))
  })
  if (snapshot.fleet.configVersion !== rules.configVersion) throw new RulesChanged()
  const group = startGroup(snapshot, rules, ctx.clock.now(), ctx.ids)
  const fates: RuledMember[] = []
  for (const { member, ruling } of some) {
    const became = 'job' in ruling ? decideOne(group, ruling) : ruling.fate
    fates.push({ member, fate: became })
    if (became.outcome === 'later') break
  }
  return { group, fates }
}

function decideOne(group: Group, { conflict, choice, job }: Decision): Fate | Later {
  const mutationId = job.push.mutations[0]?.mutation.id ?? ''
  const isOpen = group.world.conflicts.get(conflict.id)?.status === 'open'
  const outcome = decideNext(group, job)
  if (outcome.kind === 'answered') return { ...fate('decided', choice), mutationId }
  if (outcome.kind === 'outdated') return { outcome: 'later', code: 'contention', retryAfterMs: 0 }
  const { tidemarkCode } = outcome.error
  if (tidemarkCode === 'stale_version')
    return isOpen ? { outcome: 'later', code: 'contention', retryAfterMs: 0 } : DECIDED_MEANWHILE
  // By the schema, a rule or the authority; what is said of it may repeat values, and is left out.
  if (tidemarkCode === 'resolution_refused') return fate('refused', 'decided_against')
  throw outcome.error
}

/** Collections that these members are decided in. Pure. */
export const collectionsOf = (members: readonly Member[], rulings: Rulings): readonly string[] =>
  members.flatMap(({ letterId }) => {
    const ruling = rulings.get(letterId)
    return ruling && 'job' in ruling ? [ruling.conflict.collection] : []
  })
