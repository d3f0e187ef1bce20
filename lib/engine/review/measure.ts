import type { Mutation } from '#lib/protocol/mutation.ts'
import { jsonBytes } from './sides.ts'

/** The value below or at which `share` of the sorted values lie; null of none. */
export function quantileOf(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null
}

const sorted = (values: readonly number[]): readonly number[] => values.toSorted((a, b) => a - b)

/** Of documents by their sizes in bytes of JSON (DR1); null of none. Pure. */
export function measureRecords(sizes: readonly number[]) {
  const bytes = sorted(sizes)
  const [bytesP50, bytesP95, bytesMax] = [quantileOf(bytes, 0.5), quantileOf(bytes, 0.95), bytes.at(-1)]
  if (bytesP50 === null || bytesP95 === null || bytesMax === undefined) return null
  return { sampled: bytes.length, bytesP50, bytesP95, bytesMax }
}

/** What is kept of a change while the sample is read: never its payload. */
export interface SeenChange {
  readonly recordId: string
  readonly deviceId: string
  readonly type: Mutation['op']['type']
  /** Of its operation, as JSON. */
  readonly bytes: number
  readonly isAfter: boolean
  readonly committedAtMs: number
}

export const seenChange = (mutation: Mutation, deviceId: string, committedAtMs: number): SeenChange => ({
  recordId: mutation.recordId,
  deviceId,
  type: mutation.op.type,
  bytes: jsonBytes(mutation.op),
  isAfter: mutation.after !== undefined,
  committedAtMs,
})

/** What changes were like (DR1); null of none. Pure. */
export function measureChanges(changes: readonly SeenChange[]) {
  const bytesP50 = quantileOf(sorted(changes.map(({ bytes }) => bytes)), 0.5)
  if (bytesP50 === null) return null
  const kinds: Record<string, number> = {}
  const writers = new Map<string, Set<string>>()
  for (const { type, recordId, deviceId } of changes) {
    kinds[type] = (kinds[type] ?? 0) + 1
    const known = writers.get(recordId) ?? new Set<string>()
    writers.set(recordId, known.add(deviceId))
  }
  const counts = [...writers.values()].map(({ size }) => size)
  const times = changes.map(({ committedAtMs }) => committedAtMs)
  return {
    sampled: changes.length,
    fromMs: Math.min(...times),
    toMs: Math.max(...times),
    kinds,
    bytesP50,
    withAfter: changes.filter(({ isAfter }) => isAfter).length,
    records: counts.length,
    shared: counts.filter((size) => size > 1).length,
    writersMax: Math.max(...counts),
  }
}

/**
 * Bytes of the changes that are no whole documents against those of the documents that they changed, where these are among
 * the sampled (DR1); null where none is. Pure. @param sizes bytes by record id
 */
export function measureDelta(changes: readonly SeenChange[], sizes: ReadonlyMap<string, number>) {
  let [count, changeBytes, documentBytes] = [0, 0, 0]
  for (const { recordId, type, bytes } of changes) {
    const size = sizes.get(recordId)
    if (size === undefined || type === 'put' || type === 'delete') continue
    count += 1
    changeBytes += bytes
    documentBytes += size
  }
  return count === 0 ? null : { changes: count, changeBytes, documentBytes }
}

/** Between the ends of a device's sessions, oldest first or newest first, of several devices (DR1); null of none. Pure. */
export function measureGaps(ends: readonly (readonly number[])[]) {
  const perDevice = ends.map((times) => {
    const inOrder = sorted(times)
    return inOrder.slice(1).map((time, i) => time - (inOrder[i] ?? time))
  })
  const gaps = sorted(perDevice.flat())
  const [p50Ms, p95Ms] = [quantileOf(gaps, 0.5), quantileOf(gaps, 0.95)]
  if (p50Ms === null || p95Ms === null) return null
  const devices = perDevice.filter((one) => one.length > 0).length
  return { devices, count: gaps.length, p50Ms, p95Ms }
}

export interface SeenConflict {
  /** `contestedPlaces` of it. */
  readonly places: readonly string[] | null
  readonly createdAtMs: number
}
/** Fields that are told, those with the most conflicts. */
const CONTESTED_MAX = 20

/** What conflicts were over (DR1); null of none. Pure. */
export function measureConflicts(conflicts: readonly SeenConflict[]) {
  if (conflicts.length === 0) return null
  const counts = new Map<string, number>()
  let [knownBase, disjoint] = [0, 0]
  for (const { places } of conflicts) {
    if (places === null) continue
    knownBase += 1
    if (places.length === 0) disjoint += 1
    for (const place of places) counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  const times = conflicts.map(({ createdAtMs }) => createdAtMs)
  return {
    sampled: conflicts.length,
    fromMs: Math.min(...times),
    toMs: Math.max(...times),
    knownBase,
    disjoint,
    fields: [...counts]
      .map(([place, count]) => ({ place, conflicts: count }))
      .sort((a, b) => b.conflicts - a.conflicts || (a.place < b.place ? -1 : 1))
      .slice(0, CONTESTED_MAX),
  }
}
