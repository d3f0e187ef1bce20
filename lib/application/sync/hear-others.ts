import type { Context } from '../context.ts'

/** Hears what other processes commit, as it happens, until what it returns is called. */
export const hearOthers = (
  ctx: Pick<Context, 'storage' | 'heads' | 'pokes' | 'log' | 'overrides'>,
): (() => Promise<void>) =>
  ctx.storage.signals.listen({
    grown: (fleetId, heads) => {
      ctx.heads.raise(fleetId, heads)
      ctx.pokes.grown(fleetId, heads)
    },
    controlled: () => {
      // The ticker tells when it fails, a second later at the latest.
      ctx.overrides.look().catch(() => undefined)
    },
    hearing: (isHearing, reason) => {
      ctx.heads.hears(isHearing)
      if (reason !== undefined) ctx.log.warn('signals of other processes may be missed', { reason })
    },
  })
