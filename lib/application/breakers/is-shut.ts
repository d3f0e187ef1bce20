import type { ShownBreaker } from './list-breakers.ts'

/** Whether a breaker in this state refuses calls; one that people hold closed, or let count only, does not. Pure. */
export const shuts = (state: ShownBreaker['state']): boolean =>
  state === 'open' || state === 'half_open' || state === 'forced_open'

/** Whether its own state keeps somebody out, in any process. Pure. */
export const isShutItself = ({ state, processes }: Pick<ShownBreaker, 'state' | 'processes'>): boolean =>
  shuts(state) || (state === 'closed' && processes.notClosed > 0)

/** The same, or a wider one does. Pure. */
export const isShut = (breaker: Pick<ShownBreaker, 'state' | 'processes' | 'overruledBy'>): boolean =>
  breaker.overruledBy !== null || isShutItself(breaker)
