import type { ShownBreaker } from './list-breakers.ts'

/** Whether its own state keeps somebody out, in any process. Pure. */
export const isShutItself = ({ state, processes }: Pick<ShownBreaker, 'state' | 'processes'>): boolean =>
  state === 'open' ||
  state === 'half_open' ||
  state === 'forced_open' ||
  (state === 'closed' && processes.notClosed > 0)

/** The same, or a wider one does. Pure. */
export const isShut = (breaker: Pick<ShownBreaker, 'state' | 'processes' | 'overruledBy'>): boolean =>
  breaker.overruledBy !== null || isShutItself(breaker)
