/** For each device that wrote a record, the newest of its versions. The key `server` holds what was folded. */
export type VersionVector = Readonly<Record<string, number>>

export const SERVER_ENTRY = 'server'
export const VERSION_VECTOR_ENTRIES_MAX = 64

/** Notes that `deviceId` wrote `version`. */
export function recordWrite(vector: VersionVector, deviceId: string, version: number): VersionVector {
  return foldVector({ ...vector, [deviceId]: Math.max(vector[deviceId] ?? 0, version) })
}

/** What one knows who has seen the record up to `version` and nothing since. */
export const seenUpTo = (vector: VersionVector, version = Infinity): VersionVector =>
  Object.fromEntries(Object.entries(vector).map(([id, newest]) => [id, Math.min(newest, version)]))

/**
 * Keeps the 64 newest entries and folds the rest into the server's. A folded entry belongs to nobody,
 * so it may report concurrency that was none, never an order that was none.
 */
export function foldVector(vector: VersionVector): VersionVector {
  if (Object.keys(vector).length < VERSION_VECTOR_ENTRIES_MAX) return vector
  const devices = Object.entries(vector).filter(([key]) => key !== SERVER_ENTRY)
  const room = VERSION_VECTOR_ENTRIES_MAX - 1
  if (devices.length <= room && Object.keys(vector).length <= VERSION_VECTOR_ENTRIES_MAX) return vector
  devices.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const folded = devices
    .slice(room)
    .reduce((max, [, version]) => Math.max(max, version), vector[SERVER_ENTRY] ?? 0)
  return { ...Object.fromEntries(devices.slice(0, room)), [SERVER_ENTRY]: folded }
}

/**
 * True when someone else made a version after `baseVersion` (CC1).
 * @param own other ids of the device, whose versions up to one are its own
 */
export function writtenByOthersSince(
  vector: VersionVector,
  deviceId: string,
  baseVersion: number,
  own: { readonly ids: readonly string[]; readonly upTo: number } | null = null,
): boolean {
  for (const id of Object.keys(vector)) {
    const version = vector[id] as number
    if (version <= baseVersion || id === deviceId) continue
    if (!own || version > own.upTo || !own.ids.includes(id)) return true
  }
  return false
}
