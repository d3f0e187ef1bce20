import { MUTATIONS_PER_PUSH_MAX, PULL_CHANGES_MAX } from '#lib/protocol/limits.ts'
import type { Failure } from './failures.ts'
import type { StoreTx } from './store.ts'
import { getMeta, setMeta } from './tables.ts'

const FULL = { batchMax: MUTATIONS_PER_PUSH_MAX, pageMax: PULL_CHANGES_MAX } as const
type Size = keyof typeof FULL

/** A request that took longer isn't doubled: the next one might not make it within the time limit. */
const QUICK_MS = 5_000

/** How many changes a push carries, or a pull asks for: as many as the line has proved to take (SM8). */
export const sizeOf = async (tx: StoreTx, size: Size): Promise<number> =>
  (await getMeta(tx, size)) ?? FULL[size]

/** `from` were too many. */
export const shrink = (tx: StoreTx, size: Size, from: number): Promise<void> =>
  setMeta(tx, size, Math.ceil(from / 2))

/** After a quick success the bound doubles, until it is gone. */
export async function grow(tx: StoreTx, size: Size, tookMs: number): Promise<void> {
  const now = await getMeta(tx, size)
  if (now !== null && tookMs < QUICK_MS) await setMeta(tx, size, now * 2 >= FULL[size] ? null : now * 2)
}

/** More than the line, or the server, does within the time limit; or the answer was more than can be read. */
export const isTooMuch = (failure: Failure): boolean =>
  failure.kind === 'unreachable' && (failure.failure === 'timed_out' || failure.code === 'bad_answer')
