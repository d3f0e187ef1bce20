import type { StoreTx } from './store.ts'
import { getMeta, setMeta } from './tables.ts'

/**
 * Numbers of the dots that this device gives. A set's state tells the next one, but for additions that left the outbox
 * without being applied, or that a restored server forgot: numbers up to `spoilt` are not given again.
 */
export interface DotCount {
  readonly given: number
  readonly spoilt: number
}

const NO_DOTS: DotCount = { given: 0, spoilt: 0 }
const readCount = async (tx: StoreTx): Promise<DotCount> => (await getMeta(tx, 'dots')) ?? NO_DOTS

export const spoiltDots = async (tx: StoreTx): Promise<number> => (await readCount(tx)).spoilt

export async function noteDot(tx: StoreTx, n: number): Promise<void> {
  const count = await readCount(tx)
  if (n > count.given) await setMeta(tx, 'dots', { ...count, given: n })
}

/** From here on only higher numbers are given. */
export async function spoilDots(tx: StoreTx): Promise<void> {
  const { given, spoilt } = await readCount(tx)
  if (given > spoilt) await setMeta(tx, 'dots', { given, spoilt: given })
}
