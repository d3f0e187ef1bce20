import { isIP } from 'node:net'
import { ApplicationError } from '#lib/application/errors.ts'
import type { AccessContext } from './context.ts'

/** Bad tries within this time count together. */
export const TRIES_WINDOW_MS = 15 * 60_000
export const TRIES_PER_WINDOW_MAX = 10

/**
 * Counts one try under each key, over all processes. A key is refused until its window ends and is never locked for good
 * (security check 11). Ms to wait, null to go on.
 */
export const countTry = (ctx: AccessContext, keys: readonly string[]): Promise<number | null> =>
  ctx.storage.access.countTries(keys, ctx.clock.now(), TRIES_PER_WINDOW_MAX, TRIES_WINDOW_MS)

/** @throws ApplicationError `rate_limited` with the time to wait */
export async function requireTry(ctx: AccessContext, keys: readonly string[]): Promise<void> {
  const waitMs = await countTry(ctx, keys)
  if (waitMs !== null) throw new ApplicationError('rate_limited', { retryAfterMs: waitMs })
}

/** Their owner showed who they are: the bad tries are forgotten. */
export const forgetTries = (ctx: AccessContext, key: string): Promise<void> =>
  ctx.storage.access.clearTries(key)

/** Takes back one try of each, which turned out good. */
export async function forgiveTries(ctx: AccessContext, keys: readonly string[]): Promise<void> {
  if (keys.length > 0) await ctx.storage.access.forgiveTries(keys)
}

/** What came to no end, since too many asked at once, was no try. @throws what `work` throws */
export async function counted<T>(ctx: AccessContext, keys: readonly string[], work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    await forgiveTries(ctx, keys)
    throw error
  }
}

/** An IPv6 network of 64 bits is one household, whose every device may have any number of addresses. */
export function addressKeys(address: string | null): readonly string[] {
  if (address === null) return []
  return [`address ${isIP(address) === 6 ? networkOf(address) : address}`]
}

function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped) return mapped[1] ?? address
  const [head = '', tail] = address.split('%', 1)[0]?.toLowerCase().split('::', 2) ?? []
  const [before, after] = [head, tail ?? ''].map((text) => text.split(':').filter((part) => part !== ''))
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - (before?.length ?? 0) - (after?.length ?? 0))
  const groups = [...(before ?? []), ...Array.from({ length: zeros }, () => '0'), ...(after ?? [])]
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
