import type { Random } from '#lib/kernel/random.ts'

/** Waiting time of a process without memory, bounded at four times its mean. */
export const waitOf = (meanMs: number, random: Random): number =>
  Math.min(-Math.log(1 - random()) * meanMs, 4 * meanMs)

export function pick<T>(items: readonly T[], random: Random): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new Error('assertion failed: picked from an empty list')
  return item
}
