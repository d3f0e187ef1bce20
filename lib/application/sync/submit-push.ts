import type { IncomingPush } from '#lib/engine/types.ts'
import { askAuthority } from '../authority/ask-authority.ts'
import type { Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import type { PushJob, PushOutcome } from './push-job.ts'
import type { FleetRules } from './rules.ts'

/** How often the authority is asked anew when records change meanwhile; then the mutations are `retry` (AU2). */
export const ASKED_AGAIN_MAX = 2
const RETRY_AFTER_MS = 1_000

type Unasked<J> = J extends PushJob ? Omit<J, 'mayAskAgain' | 'askedUnder'> : never
type Settled = Exclude<PushOutcome, { kind: 'outdated' }>
type Asked = Pick<PushJob, 'push' | 'askedUnder'>

/**
 * The way of every push into its group: where a collection has an authority, that is asked first (AU1). `onTurn` is told
 * how long it waited, for the authority and behind others, when its transaction begins.
 * @throws ApplicationError `shed`, `database_unavailable`
 */
export async function submitPush(
  ctx: Context,
  fleetId: string,
  job: Unasked<PushJob>,
  onTurn: (waitedMs: number) => void = () => undefined,
): Promise<Settled> {
  const startedAtMs = ctx.clock.now()
  for (let again = ASKED_AGAIN_MAX; ; again--) {
    // What isn't known yet is found under the lock, and asked about in the next round.
    const rules = ctx.groupCommit.rules.known(fleetId)
    const isAsked = rules !== null && rules.authorities.size > 0 && asksAny(rules, job.push)
    const asked = isAsked ? await ask(ctx, fleetId, job.push) : { push: job.push, askedUnder: null }
    const outcome = await ctx.groupCommit.submit(fleetId, { ...job, ...asked, mayAskAgain: again > 0 }, () =>
      onTurn(ctx.clock.now() - startedAtMs),
    )
    if (outcome.kind !== 'outdated') return outcome
  }
}

const asksAny = ({ authorities }: FleetRules, { mutations }: IncomingPush): boolean =>
  mutations.some(({ mutation }) => authorities.has(mutation.collection))

/** By the rules of at most a second ago: a key that was replaced signs nothing for longer. */
async function ask(ctx: Context, fleetId: string, push: IncomingPush): Promise<Asked> {
  if (!ctx.asking.enter(fleetId)) throw new ApplicationError('shed', { retryAfterMs: RETRY_AFTER_MS })
  try {
    const fleet = await ctx.directory.fleet(fleetId)
    const rules = await ctx.groupCommit.rules.since(fleetId, fleet?.configVersion ?? 0)
    const verdicts = await askAuthority(ctx, fleetId, push, rules.authorities)
    return { push: { ...push, verdicts }, askedUnder: rules.configVersion }
  } finally {
    ctx.asking.leave(fleetId)
  }
}
