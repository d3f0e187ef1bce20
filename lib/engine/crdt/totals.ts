import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import type { Totals } from '#lib/protocol/crdt.ts'

/** Totals as a state keeps them: ids sorted, zeros left out, so that equal ones are equal texts. */
export function checkTotals(totals: Totals): Result<Totals, 'bad_total'> {
  const checked: [string, number][] = []
  for (const [deviceId, total] of Object.entries(totals)) {
    if (!isUuid(deviceId) || !Number.isSafeInteger(total) || total < 0) return err('bad_total')
    if (total > 0) checked.push([deviceId, total])
  }
  return ok(sorted(checked))
}

/** Each device's higher total: totals only grow, so the higher one is the later one. */
export function mergeTotals(a: Totals, b: Totals): Totals {
  const merged = new Map(Object.entries(a))
  for (const [deviceId, total] of Object.entries(b))
    merged.set(deviceId, Math.max(merged.get(deviceId) ?? 0, total))
  return sorted([...merged])
}

/** Exact, so that the order of devices can't change a sum that is too large for a double. */
export const sumTotals = (totals: Totals): bigint =>
  Object.values(totals).reduce((sum, total) => sum + BigInt(total), 0n)

/** A device's own total, 0 when it has counted nothing. */
export const totalOf = (totals: Totals, deviceId: string): number =>
  Object.hasOwn(totals, deviceId) ? (totals[deviceId] as number) : 0

const sorted = (entries: readonly [string, number][]): Totals =>
  Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
