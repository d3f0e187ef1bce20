import type { IncomingPush } from '#lib/engine/types.ts'
import { askAuthority, askingFrom, type AskingTime } from '../authority/ask-authority.ts'
import type { Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import type { PushJob, PushOutcome } from './push-job.ts'
import type { FleetRules } from './rules.ts'

/** How often the authority is asked anew when records change meanwhile, while there is time; then the mutations are `retry` (AU2). */
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
  let time: AskingTime | null = null
  for (let again = ASKED_AGAIN_MAX; ; again--) {
    // What isn't known yet is found under the lock, and asked about in the next round.
    const longestMs = longestAsking(ctx.groupCommit.rules.known(fleetId), job.push)
    let asked: Asked = { push: job.push, askedUnder: null }
    if (longestMs > 0) {
      time = askingFrom(ctx.clock.now(), time)
      asked = await ask(ctx, fleetId, job.push, time)
    }
    const mayAskAgain = again > 0 && (!time || ctx.clock.now() + longestMs <= time.endMs)
    const outcome = await ctx.groupCommit.submit(fleetId, { ...job, ...asked, mayAskAgain }, () =>
      onTurn(ctx.clock.now() - startedAtMs),
    )
    if (outcome.kind !== 'outdated') return outcome
  }
}

/** How long the slowest of a push's authorities may take for a call; 0 when it has none. */
const longestAsking = (rules: FleetRules | null, { mutations }: IncomingPush): number =>
  mutations.reduce(
    (longestMs, { mutation }) =>
      Math.max(longestMs, rules?.authorities.get(mutation.collection)?.timeoutMs ?? 0),
    0,
  )

/** By the rules of at most a second ago: a key that was replaced signs nothing for longer. */
async function ask(ctx: Context, fleetId: string, push: IncomingPush, time: AskingTime): Promise<Asked> {
  if (!ctx.asking.enter(fleetId)) throw new ApplicationError('shed', { retryAfterMs: RETRY_AFTER_MS })
  try {
    const fleet = await ctx.directory.fleet(fleetId)
    const rules = await ctx.groupCommit.rules.since(fleetId, fleet?.configVersion ?? 0)
    const verdicts = await askAuthority(ctx, fleetId, push, rules.authorities, time)
    return { push: { ...push, verdicts }, askedUnder: rules.configVersion }
  } finally {
    ctx.asking.leave(fleetId)
  }
}
